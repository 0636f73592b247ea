import { describe, expect, test } from 'vitest';
import type { CallOptions } from '../support/fakes.ts';
import { aCall, isSettled, textsOf, valuesOf } from '../support/fakes.ts';
import { batches } from './batches.ts';

const numbered = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, i) => `number ${from + i}`);

describe('a call that waits for its slot', () => {
  test('takes in what else is asked about its question, and gives everybody his own scores', async () => {
    const joins: string[] = [];
    const { calls, ask } = batches({ onJoin: (model) => joins.push(model) });
    const lists = [['a', 'b'], ['c'], ['d', 'e', 'f']];
    const asks = lists.map((documents) => ask(documents));
    expect(calls).toHaveLength(1);
    expect(calls[0]!.grant()).toEqual(lists.flat());
    calls[0]!.answer();
    for (const [i, { answer }] of asks.entries()) {
      expect((await answer).values).toEqual(valuesOf(aCall({ items: lists[i]! })));
    }
    expect(joins).toEqual(['cohere-rerank-3-5', 'cohere-rerank-3-5']);
  });

  test('knows the digests of all it asks for, in the order of its documents', () => {
    const { calls, ask } = batches();
    ask(['a', 'b']);
    ask(['c']);
    const { items: documents, identity } = calls[0]!.ask.seal!();
    expect(identity.digests.numbers).toEqual(aCall({ items: [...documents] }).identity.digests.numbers);
    expect(identity.question).toBe(aCall().identity.question);
  });

  test('takes in nothing more once the slot is granted', async () => {
    const { calls, ask } = batches();
    ask(['a']);
    calls[0]!.grant();
    const late = ask(['b']);
    expect(calls).toHaveLength(2);
    calls[0]!.answer();
    expect(await isSettled(late.answer)).toBe(false);
    expect(calls[1]!.grant()).toEqual(['b']);
    calls[1]!.answer();
    expect((await late.answer).values).toEqual(valuesOf(aCall({ items: ['b'] })));
  });

  test('asks for a thousand documents and no more; the others are the beginning of the next call', () => {
    const { calls, ask } = batches();
    ask(numbered(600));
    ask(numbered(400, 600));
    ask(numbered(1, 1000));
    ask(numbered(5, 1001));
    expect(calls.map(({ grant }) => grant().length)).toEqual([1000, 6]);
  });

  test('is filled by a call that does not fit, whose other documents are the beginning of the next', async () => {
    const kept: string[] = [];
    const { calls, ask } = batches({
      most: { items: 5, bytes: 1000 },
      keep: (call) => kept.push(...textsOf(call)),
    });
    const asks = [ask(numbered(3)), ask(numbered(4, 3)), ask(numbered(3, 7))];
    expect(calls.map(({ grant }) => grant())).toEqual([numbered(5), numbered(5, 5)]);
    for (const call of calls) call.answer();
    const replies = await Promise.all(asks.map(({ answer }) => answer));
    for (const [i, [count, from]] of [[3, 0] as const, [4, 3] as const, [3, 7] as const].entries()) {
      expect(replies[i]!.values).toEqual(valuesOf(aCall({ items: numbered(count, from) })));
    }
    // Two calls, each billed once.
    expect(replies.map(({ spent }) => spent)).toEqual([1, 1, 0]);
    expect(kept).toEqual([]);
  });

  test('is filled up to its bytes, too', () => {
    const { calls, ask } = batches({ most: { items: 5, bytes: 10 } });
    ask(['aaaa']);
    ask(['bbbb', 'üü', 'c']);
    expect(calls.map(({ grant }) => grant())).toEqual([
      ['aaaa', 'bbbb'],
      ['üü', 'c'],
    ]);
  });

  test('does not ask for the documents of those who have left before it was granted', async () => {
    const { calls, ask } = batches();
    const asks = [ask(['a', 'b']), ask(['c']), ask(['d'])];
    asks[0]!.leave();
    expect(calls[0]!.grant()).toEqual(['c', 'd']);
    calls[0]!.answer();
    for (const [i, document] of [
      [1, 'c'],
      [2, 'd'],
    ] as const) {
      expect((await asks[i]!.answer).values).toEqual(valuesOf(aCall({ items: [document] })));
    }
  });

  test('has room again for as many as those who left have named', () => {
    const { calls, ask } = batches({ most: { items: 5, bytes: 1000 } });
    ask(numbered(1));
    ask(numbered(4, 1)).leave();
    ask(numbered(4, 5));
    expect(calls).toHaveLength(1);
    expect(calls[0]!.grant()).toHaveLength(5);
  });
});

describe('a call takes in nothing', () => {
  test.each<[string, CallOptions, CallOptions]>([
    ['about another question', {}, { query: 'another' }],
    ['for another model', {}, { model: 'another' }],
    ['from another scope', {}, { scope: 'another' }],
    ['on other cache terms', {}, { cache: { maxAgeMs: 1000 } }],
    ['that may leave no trace', { cache: { write: false } }, { cache: { write: false } }],
    ['whose scores depend on the companions', { whole: true }, { whole: true }],
  ])('%s', (_, one, other) => {
    const { calls, ask } = batches();
    ask(['a'], one);
    ask(['b'], other);
    expect(calls).toHaveLength(2);
  });
});
