import { describe, expect, test } from 'vitest';
import type { CacheDirectives } from '../../src/calls/call.ts';
import { RerankError } from '../../src/calls/errors.ts';
import { flight } from '../../src/column/flight.ts';
import { aCall, failure, InstantScorer, ScriptedScorer, stack, turns, valuesOf } from '../support/fakes.ts';

describe('asks for the same thing at the same time', () => {
  test('make one call, whose scores all of them get', async () => {
    const inner = new ScriptedScorer();
    const scorer = stack(inner, flight());
    const answers = Array.from({ length: 200 }, () => scorer.answer(aCall()));
    await turns();
    expect(inner.calls).toHaveLength(1);

    inner.calls[0]!.answer();
    for (const { values } of await Promise.all(answers)) expect(values).toEqual(valuesOf(aCall()));
    expect(inner.calls).toHaveLength(1);
  });

  test('make one call when they come while it is under way', async () => {
    const inner = new ScriptedScorer();
    const scorer = stack(inner, flight());
    const answers = [];
    for (let i = 0; i < 20; i++) {
      answers.push(scorer.answer(aCall()));
      await turns(3);
    }
    inner.calls[0]!.answer();
    await Promise.all(answers);
    expect(inner.calls).toHaveLength(1);
  });

  test('start their call synchronously, so that nothing can happen between a look-up before it and joining', () => {
    const inner = new ScriptedScorer();
    const scorer = stack(inner, flight());
    void scorer.answer(aCall());
    expect(inner.calls).toHaveLength(1);
    void scorer.answer(aCall());
    expect(inner.calls).toHaveLength(1);
  });

  test('name their source: the first its own, all others the call they joined', async () => {
    const inner = new ScriptedScorer();
    const scorer = stack(inner, flight());
    const answers = [1, 2, 3].map(() => scorer.answer(aCall()));
    inner.calls[0]!.answer({ sources: ['upstream', 'redis', 'upstream'], stored: true });
    const [first, ...others] = await Promise.all(answers);
    expect(first).toMatchObject({ sources: ['upstream', 'redis', 'upstream'], stored: true });
    for (const other of others) {
      expect(other).toMatchObject({ sources: ['joined', 'redis', 'joined'], stored: false });
    }
  });

  test('get each the scores in the order of their own documents', async () => {
    const inner = new ScriptedScorer();
    const scorer = stack(inner, flight());
    const orders = [
      ['a', 'b', 'c', 'd'],
      ['d', 'c', 'b', 'a'],
      ['b', 'd', 'a', 'c'],
    ];
    const gone = new AbortController();
    const left = failure(
      scorer.answer(aCall({ items: ['c', 'a', 'd', 'b'], terms: { signal: gone.signal } })),
    );
    const answers = orders.map((documents) => scorer.answer(aCall({ items: documents })));
    gone.abort(new RerankError('client_gone'));
    await left;
    inner.calls[0]!.answer();
    for (const [i, { values }] of (await Promise.all(answers)).entries()) {
      expect(values).toEqual(valuesOf(aCall({ items: orders[i]! })));
    }
    expect(inner.calls).toHaveLength(1);
  });

  test('call again once an answer has been given', async () => {
    const inner = new InstantScorer();
    const scorer = stack(inner, flight());
    await scorer.answer(aCall());
    await scorer.answer(aCall());
    expect(inner.asks).toHaveLength(2);
  });
});

describe('no call is shared', () => {
  const callsFor = (...asks: Parameters<typeof aCall>[0][]): number => {
    const inner = new ScriptedScorer();
    const scorer = stack(inner, flight());
    for (const over of asks) void scorer.answer(aCall(over));
    return inner.calls.length;
  };

  test.each([
    ['queries', { query: 'another' }],
    ['models', { model: 'another' }],
    ['documents', { items: ['another'] }],
    ['scopes', { scope: 'another' }],
  ])('between asks of different %s', (_, over) => {
    expect(callsFor({}, over, {}, over)).toBe(2);
  });

  test.each<Partial<CacheDirectives>>([
    { read: false },
    { forward: false },
    { maxAgeMs: 1000 },
    { staleIfError: false },
  ])('between asks on ordinary cache terms and asks on %j', (cache) => {
    expect(callsFor({}, { cache }, {}, { cache })).toBe(2);
  });

  test('by asks that leave no trace, not even among themselves', () => {
    const cache = { read: false, write: false };
    expect(callsFor({ cache }, { cache }, {}, { cache }, {})).toBe(4);
  });
});
