import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { redisAppointments } from '../../../src/pacing/queue/redis-appointments.ts';
import { Commands } from '../../../src/redis/commands.ts';
import { startRedis, type TestRedis } from '../../support/redis.ts';

let server: TestRedis;
let client: Redis;

beforeAll(async () => {
  server = await startRedis();
  client = new Redis(server.url);
});
afterAll(async () => {
  client.disconnect();
  await server.stop();
});

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const store = (reachable = true) =>
  redisAppointments({
    commands: new Commands({ client }),
    prefix: 'test:',
    model: 'm',
    reachable: () => reachable,
  });

describe('appointments in Redis', () => {
  test('made by one process are kept in another, once', async () => {
    store().put('search:a', 1000, 1000);
    expect(await store().take('search:a')).toBe('due');
    expect(await store().take('search:a')).toBeUndefined();
  });

  test('tell who is too early for how long, and wait for him', async () => {
    store().put('search:b', 1000, 700);
    const early = await store().take('search:b');
    expect(early).toBeGreaterThan(0);
    expect(early).toBeLessThanOrEqual(300);
    await pause((early as number) + 10);
    expect(await store().take('search:b')).toBe('due');
  });

  test('end by themselves', async () => {
    store().put('search:c', 50, 50);
    await pause(80);
    expect(await store().take('search:c')).toBeUndefined();
  });

  test('are dropped when they were kept at home', async () => {
    store().put('search:d', 1000, 1000);
    store().drop('search:d');
    expect(await store().take('search:d')).toBeUndefined();
  });

  test('are not asked for while Redis would not answer', async () => {
    store().put('search:e', 1000, 1000);
    expect(await store(false).take('search:e')).toBeUndefined();
  });

  test('of many callers that are refused at once are asked for with few commands', async () => {
    const appointments = store();
    for (let i = 0; i < 3; i++) appointments.put(`search:f${i}`, 1000, 1000);
    await client.config('RESETSTAT');
    const taken = await Promise.all(Array.from({ length: 500 }, (_, i) => appointments.take(`search:f${i}`)));
    expect(taken.slice(0, 4)).toEqual(['due', 'due', 'due', undefined]);
    const stats = String(await client.info('commandstats'));
    const calls = [...stats.matchAll(/cmdstat_eval(?:sha)?:calls=(\d+)/g)].reduce(
      (sum, [, n]) => sum + Number(n),
      0,
    );
    expect(calls).toBeGreaterThan(0);
    expect(calls).toBeLessThanOrEqual(500 / 32 + 2);
  });

  test('are not known of who comes when a thousand wait for an answer', async () => {
    const appointments = store();
    appointments.put('search:g', 1000, 1000);
    const others = Array.from({ length: 1100 }, (_, i) => appointments.take(`search:other ${i}`));
    expect(await appointments.take('search:g')).toBeUndefined();
    await Promise.all(others);
    expect(await appointments.take('search:g')).toBe('due');
  });

  test('that are none are nobody’s, and spoil nobody else’s', async () => {
    const name = (key: string): string => `test:{appointment2:m}:search:${key}`;
    await client.set(name('garbage'), 'soon', 'PX', 1000);
    await client.lpush(name('list'), 'x');
    await client.pexpire(name('list'), 1000);
    await client.set(name('late'), '1', 'PX', 3_600_000_000);
    const appointments = store();
    appointments.put('search:good', 1000, 1000);
    await client.set(name('endless'), '1');
    for (const [i, word] of ['-1e300', 'nan', 'inf', '1e3', ' 5', 'x'.repeat(1e6)].entries()) {
      await client.set(name(`word ${i}`), word, 'PX', 1000);
    }
    const keys = [
      'garbage',
      'list',
      'late',
      'endless',
      ...[0, 1, 2, 3, 4, 5].map((i) => `word ${i}`),
      'good',
    ];
    const taken = await Promise.all(keys.map((key) => appointments.take(`search:${key}`)));
    expect(taken).toEqual([...new Array(10).fill(undefined), 'due']);
    expect(await client.exists(...keys.map(name))).toBe(0);
  });
});
