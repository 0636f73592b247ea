import { describe, expect, test } from 'vitest';
import { RerankError } from '../../src/calls/errors.ts';
import { flight } from '../../src/column/flight.ts';
import { aCall, failure, isSettled, ScriptedScorer, stack, valuesOf } from '../support/fakes.ts';

const column = () => {
  const inner = new ScriptedScorer();
  const scorer = stack(inner, flight());
  return {
    calls: inner.calls,
    ask: (...documents: string[]) => scorer.answer(aCall({ items: documents })),
    asked: () => inner.calls.map(({ ask }) => ask.items.join('')),
  };
};

describe('asks that overlap', () => {
  test('ask only for what nobody has asked for', () => {
    const { ask, asked } = column();
    void ask('a', 'b', 'c');
    void ask('c', 'd', 'a', 'e');
    void ask('e', 'b');
    void ask('f', 'd', 'c');
    expect(asked()).toEqual(['abc', 'de', 'f']);
  });

  test('wait for all their parts, and put them together in their own order', async () => {
    const { ask, calls } = column();
    void ask('a', 'b');
    void ask('c', 'd');
    const mixed = ask('d', 'x', 'b', 'c');
    calls[2]!.answer({ spent: 1 });
    calls[0]!.answer({ spent: 2 });
    expect(await isSettled(mixed)).toBe(false);
    calls[1]!.answer({ spent: 4 });
    expect(await mixed).toMatchObject({
      values: valuesOf(aCall({ items: ['d', 'x', 'b', 'c'] })),
      sources: ['joined', 'upstream', 'joined', 'joined'],
      spent: 1,
    });
  });

  test('fail with the first of their parts, and give up the others', async () => {
    const { ask, calls } = column();
    const first = ask('a');
    const both = ask('a', 'b');
    const error = new RerankError('upstream_failed');
    calls[0]!.fail(error);
    expect(await failure(both)).toBe(error);
    expect(await failure(first)).toBe(error);
    expect(calls[1]!.ask.terms.signal.aborted).toBe(true);
  });

  test('leave a part under way that somebody else waits for, too', async () => {
    const { ask, calls } = column();
    void ask('a').catch(() => {});
    const both = ask('a', 'b');
    const second = ask('b');
    calls[0]!.fail(new RerankError('upstream_failed'));
    await failure(both);
    expect(calls[1]!.ask.terms.signal.aborted).toBe(false);
    calls[1]!.answer();
    // Whoever caused the call has left with an error: the one who stayed is billed.
    expect(await second).toMatchObject({ values: valuesOf(aCall({ items: ['b'] })), spent: 1 });
  });

  test('share nothing when scores depend on the companions', () => {
    const inner = new ScriptedScorer();
    const scorer = stack(inner, flight());
    for (const documents of [['a', 'b'], ['b', 'c'], ['b', 'a'], ['a']])
      void scorer.answer(aCall({ items: documents, whole: true }));
    expect(inner.calls.map(({ ask }) => ask.items)).toEqual([['a', 'b'], ['b', 'c'], ['a']]);
  });
});
