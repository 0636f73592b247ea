import type { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { redis } from '../../src/layers/redis.ts';
import { redisStore } from '../../src/layers/redis-store.ts';
import { connectRedis } from '../../src/redis-client.ts';
import type { Scorer } from '../../src/rerank/scoring.ts';
import { anAsk, InstantScorer, scoresOf, stack, until, valuesOf } from '../support/fakes.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';

const PREFIX = 'app-one:';
const TTL = 60_000;
const STALE = 30_000;

let server: TestRedis;
let client: Redis;
let scorer: Scorer;
let inner: InstantScorer;
let commands: string[];

const scorerWith = (prefix: string): Scorer =>
  stack(
    inner,
    redis({
      store: redisStore({
        client,
        prefix,
        onCommand: (op, ok) => commands.push(`${op} ${ok ? 'ok' : 'failed'}`),
      }),
      ttlMs: TTL,
      staleMs: STALE,
    }),
  );

beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.kill());

beforeEach(async () => {
  // The breaker reads the date. The clock stands still, so that it tries again when a test says so.
  vi.useFakeTimers({ toFake: ['Date'] });
  await server.flush();
  commands = [];
  inner = new InstantScorer();
  inner.respond = (ask) => scoresOf(ask);
  client = connectRedis(server.url, { commandTimeoutMs: 250, onError: () => {} });
  await until(() => client.status === 'ready');
  scorer = scorerWith(PREFIX);
});
afterEach(() => {
  client.disconnect();
  vi.useRealTimers();
});

const SECRETS = { query: 'QUERYTEXT', documents: ['DOCTEXT one', 'DOCTEXT two'] };
const sourceOf = async (): Promise<string | undefined> => (await scorer.score(anAsk())).sources[0];

/** Scores something and waits until Redis has it. */
const fill = async (): Promise<void> => {
  await scorer.score(anAsk());
  await until(() => commands.includes('set ok'));
};

describe('a real Redis', () => {
  test('answers bit for bit what was scored, also to a process that starts now', async () => {
    await fill();
    const other = connectRedis(server.url, { commandTimeoutMs: 250, onError: () => {} });
    try {
      await until(() => other.status === 'ready');
      client.disconnect();
      client = other;
      expect(await scorerWith(PREFIX).score(anAsk())).toMatchObject({
        values: valuesOf(anAsk()),
        sources: ['redis', 'redis', 'redis'],
      });
    } finally {
      other.disconnect();
    }
  });

  test('holds keys with the prefix, a time to live, and no text of model, query or documents', async () => {
    await scorer.score(anAsk({ ...SECRETS, model: 'MODELNAME' }));
    await until(() => commands.includes('set ok'));
    const [key = '', ...others] = await client.keys('*');
    expect(others).toEqual([]);
    expect(key).toMatch(/^app-one:scores:[\w-]{43}$/);
    const ttl = await client.pttl(key);
    expect(ttl).toBeGreaterThan(TTL);
    expect(ttl).toBeLessThanOrEqual(TTL + STALE);
    const held = key + (await client.getBuffer(key))!.toString('latin1');
    for (const text of ['QUERYTEXT', 'DOCTEXT', 'MODELNAME']) expect(held).not.toContain(text);
  });

  test('keeps what apps with different prefixes store apart', async () => {
    await fill();
    expect((await scorerWith('app-two:').score(anAsk())).sources[0]).toBe('upstream');
    expect((await scorerWith(PREFIX).score(anAsk())).sources[0]).toBe('redis');
  });

  test('with a foreign value under the key is asked on', async () => {
    await fill();
    const [key = ''] = await client.keys('*');
    for (const foreign of ['', 'text', Buffer.alloc(1000, 1)]) {
      commands = [];
      await client.set(key, foreign);
      expect(await sourceOf()).toBe('upstream');
      await until(() => commands.includes('set ok'));
    }
    await client.del(key);
    await client.lpush(key, 'a value of another type');
    expect(await sourceOf()).toBe('upstream');
  });
});

describe('a Redis that hangs', () => {
  test('holds up few answers, then none, and is used again when it is back', async () => {
    await fill();
    commands = [];
    server.freeze();
    try {
      for (let i = 0; i < 3; i++) expect(await sourceOf()).toBe('upstream');
      expect(commands).toContain('get failed');
      await until(() => commands.length >= 3);

      // From now on no look-up is sent any more, so none is waited for.
      commands = [];
      for (let i = 0; i < 100; i++) expect(await sourceOf()).toBe('upstream');
      expect(commands.filter((command) => command.startsWith('get'))).toEqual([]);
    } finally {
      server.thaw();
    }
    await until(async () => {
      vi.setSystemTime(Date.now() + 1001);
      return (await sourceOf()) === 'redis';
    });
  });
});

describe('a Redis that is gone', () => {
  test('holds up no answer, and is used again when it is back', async () => {
    await fill();
    await server.kill();
    for (let i = 0; i < 100; i++) expect(await sourceOf()).toBe('upstream');
    await server.start();
    await until(async () => {
      vi.setSystemTime(Date.now() + 1001);
      return (await sourceOf()) === 'redis';
    });
  });
});
