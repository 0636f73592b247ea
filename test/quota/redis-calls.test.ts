import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { redisCalls } from '../../src/quota/redis-calls.ts';
import { connectRedis } from '../../src/redis/client.ts';
import { Commands } from '../../src/redis/commands.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';

const RULES = { limit: 3, windowMs: 60_000, leaseMs: 85_000 };

let redis: TestRedis;
let inspector: Redis;
const clients: Redis[] = [];

/** What one process has: a connection of its own. */
const process = async ({ commandTimeoutMs = 5000 } = {}) => {
  const commands: [string, boolean][] = [];
  const client = connectRedis(redis.url, { commandTimeoutMs, onError: () => {} });
  clients.push(client);
  while (client.status !== 'ready') await sleep(5);
  const calls = redisCalls({
    commands: new Commands({
      client,
      onCommand: (op, failure) => void commands.push([op, failure === undefined]),
    }),
    prefix: 'app:',
  });
  return { ...calls, commands };
};

beforeEach(async () => {
  redis = await startRedis();
  inspector = new Redis(redis.url, { retryStrategy: () => 20 });
  inspector.on('error', () => {});
});
afterEach(async () => {
  for (const client of [inspector, ...clients.splice(0)]) client.disconnect();
  await redis.kill();
});

test('processes share one count for a client', async () => {
  const [a, b] = [await process(), await process()];
  expect(await a.take('search', '1', RULES)).toMatchObject({ taken: true, held: 1 });
  expect(await b.take('search', '2', RULES)).toMatchObject({ taken: true, held: 2 });
  expect(await a.take('search', '3', RULES)).toMatchObject({ taken: true, held: 3 });
  expect(await b.take('search', '4', RULES)).toMatchObject({ taken: false, held: 3 });
});

test('each client has a count of its own', async () => {
  const calls = await process();
  const rules = { ...RULES, limit: 1 };
  expect(await calls.take('search', '1', rules)).toMatchObject({ taken: true });
  expect(await calls.take('chatbot', '2', rules)).toMatchObject({ taken: true, held: 1 });
  expect(await calls.take('search', '3', rules)).toMatchObject({ taken: false });
});

test('grants no more than there is to two hundred asks at once', async () => {
  const processes = await Promise.all([process(), process(), process()]);
  const rules = { ...RULES, limit: 20 };
  const usages = await Promise.all(
    Array.from({ length: 200 }, (_, i) => processes[i % 3]!.take('search', String(i), rules)),
  );
  expect(usages.filter((usage) => usage!.taken)).toHaveLength(20);
});

test('a place that was not used is free again', async () => {
  const calls = await process();
  const rules = { ...RULES, limit: 1 };
  await calls.take('search', '1', rules);
  expect(await calls.settle('search', '1', false, rules)).toMatchObject({ held: 0 });
  expect(await calls.take('search', '2', rules)).toMatchObject({ taken: true });
});

test('a place is held for one window after the call, and no longer', async () => {
  const calls = await process();
  const rules = { limit: 1, windowMs: 200, leaseMs: 30_000 };
  await calls.take('search', '1', rules);
  const over = performance.now();
  expect(await calls.settle('search', '1', true, rules)).toMatchObject({ held: 1 });
  while (!(await calls.take('search', '2', rules))!.taken) await sleep(5);
  expect(performance.now() - over).toBeGreaterThanOrEqual(200);
});

test('a place whose process died comes free with its lease', async () => {
  const calls = await process();
  const rules = { limit: 1, windowMs: 100, leaseMs: 250 };
  await calls.take('search', '1', rules);
  while (!(await calls.take('search', '2', rules))!.taken) await sleep(10);
});

test('says when the next place comes free: a window from now at most, since calls under way will end', async () => {
  const calls = await process();
  expect(await calls.take('search', '1', RULES)).toMatchObject({ nextFreeMs: RULES.windowMs });
  await calls.settle('search', '1', true, RULES);
  await sleep(20);
  const { nextFreeMs } = (await calls.take('search', '2', RULES))!;
  expect(nextFreeMs).toBeLessThan(RULES.windowMs);
  expect(nextFreeMs).toBeGreaterThan(0);
});

test('every key has the prefix and an expiry, whatever came last', async () => {
  const calls = await process();
  const ttl = async (): Promise<number> => {
    expect(await inspector.keys('*')).toEqual(['app:quota2:search']);
    return inspector.pttl('app:quota2:search');
  };
  const expectAnExpiry = async (): Promise<void> => {
    const ms = await ttl();
    expect(ms).toBeGreaterThan(RULES.windowMs);
    expect(ms).toBeLessThanOrEqual(RULES.leaseMs);
  };
  await calls.take('search', '1', RULES);
  await expectAnExpiry();
  await calls.settle('search', '1', true, RULES);
  await expectAnExpiry();
  await redis.flush();
  await calls.settle('search', '2', true, RULES);
  await expectAnExpiry();
  await calls.settle('search', '2', false, RULES);
  expect(await inspector.keys('*')).toEqual([]);
});

test('a call made is entered even if Redis has forgotten that a place was taken for it', async () => {
  const calls = await process();
  const rules = { ...RULES, limit: 1 };
  await calls.take('search', '1', rules);
  await redis.flush();
  await calls.settle('search', '1', true, rules);
  expect(await calls.take('search', '2', rules)).toMatchObject({ taken: false });
});

test('settling a place twice, or one that was never taken, frees nothing else', async () => {
  const calls = await process();
  await calls.take('search', '1', RULES);
  expect(await calls.settle('search', '2', false, RULES)).toMatchObject({ held: 1 });
  await calls.settle('search', '1', true, RULES);
  expect(await calls.settle('search', '1', true, RULES)).toMatchObject({ held: 1 });
});

test('a Redis that is gone does not answer, and is asked again when it is back', async () => {
  const { commands, ...calls } = await process();
  await redis.kill();
  expect(await calls.take('search', '1', RULES)).toBeUndefined();
  expect(await calls.settle('search', '1', true, RULES)).toBeUndefined();
  await redis.start();
  while ((await calls.take('search', '2', RULES)) === undefined) await sleep(20);
  expect(commands.at(0)).toEqual(['quota', false]);
  expect(commands.at(-1)).toEqual(['quota', true]);
});

test('a Redis that hangs costs a few time-outs, and then nothing', async () => {
  const { commands, ...calls } = await process({ commandTimeoutMs: 100 });
  redis.freeze();
  for (let i = 0; i < 3; i++) expect(await calls.take('search', String(i), RULES)).toBeUndefined();
  expect(commands).toHaveLength(3);
  const usages = await Promise.all(
    Array.from({ length: 100 }, (_, i) => calls.take('search', `more ${i}`, RULES)),
  );
  expect(usages.every((usage) => usage === undefined)).toBe(true);
  expect(commands.length).toBeLessThanOrEqual(4);
  redis.thaw();
});

test('something else under the key of a client gives way', async () => {
  const calls = await process();
  await inspector.lpush('app:quota2:search', 'a list');
  expect(await calls.take('search', '1', RULES)).toMatchObject({ taken: true, held: 1 });
});

test('what nobody could have entered is held for no longer than a call, and is not kept', async () => {
  const calls = await process();
  for (const score of ['inf', '9e15', '1e300'])
    await inspector.zadd('app:quota2:search', score, `x ${score}`);
  await inspector.zadd('app:quota2:search', Date.now() + RULES.leaseMs / 2, 'other');
  expect(await calls.take('search', '1', RULES)).toMatchObject({ taken: true, held: 2 });
  expect(await inspector.zrange('app:quota2:search', '0', '-1')).toEqual(['other', '1']);
});

test('places that a clock has left far ahead, when it was set back, are not held', async () => {
  const calls = await process();
  const ahead = Date.now() + 3_600_000;
  for (let i = 0; i < RULES.limit; i++) await inspector.zadd('app:quota2:search', ahead + i, `other ${i}`);
  for (let i = 0; i < RULES.limit; i++)
    expect(await calls.take('search', String(i), RULES)).toMatchObject({ taken: true, held: i + 1 });
  expect(await calls.take('search', 'more', RULES)).toMatchObject({ taken: false, held: RULES.limit });
});
