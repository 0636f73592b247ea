import { beforeEach, describe, expect, test } from 'vitest';
import type { Service } from '../../src/calls/call.ts';
import { RerankError } from '../../src/calls/errors.ts';
import { lookAgain, redis } from '../../src/column/redis.ts';
import { FakePairStore } from '../cache/pair-stores.ts';
import { aCall, failure, InstantScorer, scoresOf, stack, valuesOf } from '../support/fakes.ts';

const LIFETIME = { ttlMs: 1000, staleMs: 1000 };

let now: number;
let store: FakePairStore;
let inner: InstantScorer;
let scorer: Service;

beforeEach(async () => {
  now = 1_700_000_000_000;
  store = new FakePairStore();
  inner = new InstantScorer();
  inner.respond = (ask) => scoresOf(ask, { takenAt: now });
  const options = { store: store.process(), lifetime: LIFETIME, now: () => now };
  scorer = stack(inner, lookAgain(options));
  // What another process has scored while this one waited for its permit.
  await stack(inner, redis(options)).answer(aCall({ items: ['a', 'b'] }));
  inner.asks.length = 0;
});

describe('with the slot in hand', () => {
  test('no call is made for what another process has scored meanwhile', async () => {
    expect(await scorer.answer(aCall({ items: ['b', 'a'] }))).toMatchObject({
      values: valuesOf(aCall({ items: ['b', 'a'] })),
      sources: ['redis', 'redis'],
      spent: 0,
    });
    expect(inner.asks).toEqual([]);
  });

  test('the call asks for the rest alone', async () => {
    const documents = ['x', 'b', 'y'];
    expect((await scorer.answer(aCall({ items: documents }))).values).toEqual(
      valuesOf(aCall({ items: documents })),
    );
    expect(inner.asks[0]!.items).toEqual(['x', 'y']);
  });

  test('a failure is told as one, though old scores are there: it may be made good by another call', async () => {
    now += 1500;
    const error = new RerankError('upstream_failed');
    inner.failWith(error);
    expect(await failure(scorer.answer(aCall({ items: ['a', 'b'] })))).toBe(error);
  });

  test('whoever wants a new score gets one', async () => {
    await scorer.answer(aCall({ items: ['a'], cache: { read: false } }));
    expect(inner.asks).toHaveLength(1);
    expect(store.uses).not.toContain('read');
  });

  test('whoever had it at once has just looked', async () => {
    const call = aCall({ items: ['x'] });
    await scorer.answer({ ...call, atOnce: true });
    expect(store.uses).not.toContain('read');
    await scorer.answer({ ...call, atOnce: false });
    expect(store.uses).toContain('read');
  });

  test('a store that fails costs nobody his call', async () => {
    store.down = true;
    expect((await scorer.answer(aCall({ items: ['a'] }))).sources).toEqual(['upstream']);
  });
});
