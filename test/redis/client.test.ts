import { once } from 'node:events';
import type { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { connectRedis, readyWithin } from '../../src/redis/client.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';

/** Seconds without a command after which this Redis cuts a connection; Heroku's waits for 300. */
const IDLE_SECONDS = 1;

let redis: TestRedis;
const clients: Redis[] = [];
beforeEach(async () => {
  redis = await startRedis(['--timeout', String(IDLE_SECONDS)]);
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.disconnect();
  await redis.kill();
});

const connect = async (pingMs: number): Promise<Redis> => {
  const client = connectRedis(redis.url, { commandTimeoutMs: 1000, onError: () => {}, pingMs });
  clients.push(client);
  await readyWithin(client, 5000);
  return client;
};

test('a connection that nobody needs for long is kept, where a silent one is cut', async () => {
  const kept = await connect((IDLE_SECONDS * 1000) / 4);
  let cuts = 0;
  kept.on('close', () => {
    cuts++;
  });
  const silent = await connect(600_000);
  await once(silent, 'close');
  expect([kept.status, cuts]).toEqual(['ready', 0]);
});

test('a connection that was cut all the same comes back', async () => {
  const silent = await connect(600_000);
  await once(silent, 'close');
  await readyWithin(silent, 5000);
  expect(await silent.ping()).toBe('PONG');
});
