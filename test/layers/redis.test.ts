import { beforeEach, describe, expect, test } from 'vitest';
import { redis } from '../../src/layers/redis.ts';
import { ERRORS, type ErrorKind, RerankError } from '../../src/rerank/errors.ts';
import type { Scorer } from '../../src/rerank/scoring.ts';
import {
  type AskOptions,
  anAsk,
  failure,
  InstantScorer,
  scoresOf,
  stack,
  valuesOf,
} from '../support/fakes.ts';
import { FakeByteStore } from './byte-stores.ts';

const TTL = 1000;
const STALE = 500;

let now: number;
let store: FakeByteStore;
let inner: InstantScorer;
let scorer: Scorer;

beforeEach(() => {
  now = 1_700_000_000_000;
  store = new FakeByteStore();
  inner = new InstantScorer();
  inner.respond = (ask) => scoresOf(ask, { scoredAt: now });
  scorer = stack(inner, redis({ store, ttlMs: TTL, staleMs: STALE, now: () => now }));
});

const ask = (over: AskOptions = {}) => scorer.score(anAsk(over));

describe('Redis', () => {
  test('answers what it holds without asking on, at no cost', async () => {
    const { values, scoredAt } = await ask();
    now += TTL;
    expect(await ask()).toMatchObject({
      values,
      scoredAt,
      sources: ['redis', 'redis', 'redis'],
      searchUnits: 0,
      stale: false,
      stored: false,
    });
    expect(inner.asks).toHaveLength(1);
  });

  test('knows a set of documents in every order', async () => {
    await ask({ documents: ['a', 'b', 'c', 'd', 'e'] });
    const reordered = ['d', 'a', 'e', 'c', 'b'];
    const { values, sources } = await ask({ documents: reordered });
    expect(sources[0]).toBe('redis');
    expect(values).toEqual(valuesOf(anAsk({ documents: reordered })));
  });

  test('is told to forget a score when it is of no use any more', async () => {
    await ask();
    expect(store.ttlMs).toBe(TTL + STALE);
  });

  test.each<[string, (bytes: Buffer) => Buffer]>([
    ['another version wrote', (bytes) => Buffer.from(bytes.with(0, bytes[0]! + 1))],
    ['is cut off', (bytes) => bytes.subarray(0, -1)],
    ['is empty', () => Buffer.alloc(0)],
    ['another program wrote', () => Buffer.from('{"some": "json"}')],
  ])('is asked on, and corrected, when its value is one that %s', async (_, damage) => {
    await ask();
    const [key = '', good = Buffer.alloc(0)] = [...store.bytes][0] ?? [];
    store.bytes.set(key, damage(good));
    expect(await ask()).toMatchObject({
      values: valuesOf(anAsk()),
      sources: ['upstream', 'upstream', 'upstream'],
    });
    expect((await ask()).sources[0]).toBe('redis');
  });

  test.each(Object.keys(ERRORS) as ErrorKind[])(
    'stands in with an old score for an error only if the table says so: %s',
    async (kind) => {
      const { values, scoredAt } = await ask();
      now += TTL + STALE;
      const error = new RerankError(kind);
      inner.failWith(error);
      if (ERRORS[kind].staleIfError) {
        expect(await ask()).toMatchObject({
          values,
          scoredAt,
          stale: true,
          sources: ['redis', 'redis', 'redis'],
        });
      } else {
        expect(await failure(ask())).toBe(error);
      }
    },
  );

  test('keeps nothing of an error, nor of an answer that is stale itself', async () => {
    inner.failWith(new RerankError('upstream_failed'));
    await failure(ask());
    inner.respond = (one) => scoresOf(one, { stale: true });
    await ask();
    expect(store.bytes.size).toBe(0);
  });

  test('is not waited for when it writes', async () => {
    store.set = () => new Promise(() => {});
    expect((await ask()).values).toEqual(valuesOf(anAsk()));
  });

  test('tells how long the look-up took, and leaves other times as they are', async () => {
    store.get = () => new Promise((resolve) => setTimeout(resolve, 30, undefined));
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
    expect(store.uses).toEqual(['set']);
    expect((await ask()).sources[0]).toBe('redis');
  });

  test('max-age: what is older is asked for again, and replaced', async () => {
    await ask();
    now += 100;
    expect((await ask({ cache: { maxAgeMs: 99 } })).sources[0]).toBe('upstream');
    expect(await ask({ cache: { maxAgeMs: 99 } })).toMatchObject({
      scoredAt: now,
      sources: ['redis', 'redis', 'redis'],
    });
  });
});
