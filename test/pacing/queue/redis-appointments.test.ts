import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { redisAppointments } from '../../../src/pacing/queue/redis-appointments.ts';
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
  redisAppointments({ client, prefix: 'test:', model: 'm', reachable: () => reachable });

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
});
