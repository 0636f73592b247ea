import { beforeEach, describe, expect, test } from 'vitest';
import type { Service } from '../../src/calls/call.ts';
import { ERRORS, type ErrorKind, RerankError } from '../../src/calls/errors.ts';
import { redis } from '../../src/column/redis.ts';
import { RERANK } from '../../src/endpoints/rerank/endpoint.ts';
import { FakePairStore } from '../cache/pair-stores.ts';
import {
  aCall,
  type CallOptions,
  failure,
  InstantScorer,
  scoresOf,
  stack,
  valuesOf,
} from '../support/fakes.ts';

const TTL = 1000;
const STALE = 500;

let now: number;
let store: FakePairStore;
let inner: InstantScorer;
let scorer: Service;

beforeEach(() => {
  now = 1_700_000_000_000;
  store = new FakePairStore();
  inner = new InstantScorer();
  inner.respond = (ask) => scoresOf(ask, { takenAt: now });
  scorer = stack(
    inner,
    redis({
      store: store.process(),
      lifetime: { ttlMs: TTL, staleMs: STALE },
      choose: RERANK.choose,
      now: () => now,
    }),
  );
});

const ask = (over: CallOptions = {}) => scorer.answer(aCall(over));

describe('Redis', () => {
  test('answers what it holds without asking on, at no cost', async () => {
    const { values, takenAt } = await ask();
    now += TTL;
    expect(await ask()).toMatchObject({
      values,
      takenAt,
      sources: ['redis', 'redis', 'redis'],
      spent: 0,
      stale: false,
      stored: false,
    });
    expect(inner.asks).toHaveLength(1);
  });

  test('knows a set of documents in every order', async () => {
    await ask({ items: ['a', 'b', 'c', 'd', 'e'] });
    const reordered = ['d', 'a', 'e', 'c', 'b'];
    const { values, sources } = await ask({ items: reordered });
    expect(sources[0]).toBe('redis');
    expect(values).toEqual(valuesOf(aCall({ items: reordered })));
  });

  test('is told to forget a score when it is of no use any more', async () => {
    await ask();
    expect(store.ttlMs).toBe(TTL + STALE);
  });

  test('asks only for what it does not hold, and keeps that beside what it held', async () => {
    await ask({ items: ['a', 'b'] });
    const mixed = { items: ['c', 'a', 'd', 'b'] };
    expect(await ask(mixed)).toMatchObject({
      values: valuesOf(aCall(mixed)),
      sources: ['upstream', 'redis', 'upstream', 'redis'],
    });
    expect(inner.asks[1]!.items).toEqual(['c', 'd']);
    expect((await ask({ items: ['d', 'c', 'b', 'a'] })).sources).toEqual(new Array(4).fill('redis'));
  });

  test('is asked on for the whole set when scores depend on their companions', async () => {
    await ask({ items: ['a', 'b'], whole: true });
    await ask({ items: ['b', 'a', 'c'], whole: true });
    expect(inner.asks[1]!.items).toEqual(['b', 'a', 'c']);
    expect((await ask({ items: ['b', 'a'], whole: true })).sources[0]).toBe('redis');
  });

  test.each(Object.keys(ERRORS) as ErrorKind[])(
    'stands in with an old score for an error only if the table says so: %s',
    async (kind) => {
      const { values, takenAt } = await ask();
      now += TTL + STALE;
      const error = new RerankError(kind);
      inner.failWith(error);
      if (ERRORS[kind].staleIfError) {
        expect(await ask()).toMatchObject({
          values,
          takenAt,
          stale: true,
          sources: ['redis', 'redis', 'redis'],
        });
      } else {
        expect(await failure(ask())).toBe(error);
      }
    },
  );

  test('keeps nothing of an error, and no claim', async () => {
    inner.failWith(new RerankError('upstream_failed'));
    await failure(ask());
    expect(store.pairs.size).toBe(0);
    expect(store.held).toBe(0);
  });

  test('is not waited for when it writes', async () => {
    const slow = { ...store.process(), write: () => new Promise<void>(() => {}) };
    scorer = stack(
      inner,
      redis({ store: slow, lifetime: { ttlMs: TTL, staleMs: STALE }, choose: RERANK.choose }),
    );
    expect((await ask()).values).toEqual(valuesOf(aCall()));
  });

  test('that fails is as if it knew nothing', async () => {
    await ask();
    store.down = true;
    store.uses.length = 0;
    expect((await ask()).sources[0]).toBe('upstream');
    // Nothing is claimed in a store that could not be read.
    expect(store.uses).toEqual(['open', 'write']);
  });

  test('tells how long the look-up took, and leaves other times as they are', async () => {
    const open = () => new Promise<undefined>((resolve) => setTimeout(resolve, 30, undefined));
    const slow = { ...store.process(), open };
    scorer = stack(
      inner,
      redis({ store: slow, lifetime: { ttlMs: TTL, staleMs: STALE }, choose: RERANK.choose }),
    );
    const { timing } = await ask();
    // Timers may fire a little early.
    expect(timing.cacheMs).toBeGreaterThan(25);
    expect(timing.upstreamMs).toBe(5);
  });
});

describe('a caller’s terms', () => {
  test('no-store: Redis is neither read nor written', async () => {
    await ask({ cache: { read: false, write: false } });
    expect(store.uses).toEqual([]);
  });

  test('no-cache: Redis is only written', async () => {
    await ask({ cache: { read: false } });
    expect(store.uses).toEqual(['write']);
    expect((await ask()).sources[0]).toBe('redis');
  });

  test('only-if-cached: nothing is claimed, whoever would score it', async () => {
    await ask({ cache: { forward: false } });
    expect(store.uses).toEqual(['read', 'write']);
  });

  test('max-age: what is older is asked for again, and replaced', async () => {
    await ask();
    now += 100;
    expect((await ask({ cache: { maxAgeMs: 99, staleIfError: false } })).sources[0]).toBe('upstream');
    expect(await ask({ cache: { maxAgeMs: 99, staleIfError: false } })).toMatchObject({
      takenAt: new Float64Array(3).fill(now),
      sources: ['redis', 'redis', 'redis'],
    });
  });
});
