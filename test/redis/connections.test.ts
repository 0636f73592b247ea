import { afterEach, beforeEach, expect, test } from 'vitest';
import { createLog } from '../../src/log.ts';
import { type Connections, connect } from '../../src/redis/connections.ts';
import type { Failure } from '../../src/redis/failure.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';

let redis: TestRedis;
let connections: Connections;
let log: Record<string, unknown>[];
let failures: (string | undefined)[];

beforeEach(async () => {
  redis = await startRedis();
  log = [];
  failures = [];
  const write = (line: string): void => void log.push(JSON.parse(line));
  connections = (await connect({
    url: redis.url,
    log: createLog({ level: 'info', stamped: false, base: {} }, { write }),
    onCommand: (_: string, failure: Failure | undefined) => failures.push(failure?.kind),
    onConnect: () => {},
  }))!;
  await expect.poll(() => connections.health.state).toBe('up');
});
afterEach(async () => {
  connections.close();
  await redis.kill();
});

/** A mistake of ours, somewhere between a request and Redis. */
const stumble = async (): Promise<string> => {
  const nothing = undefined as unknown as string[];
  return nothing.join('SECRET');
};

test('a mistake of ours is no outage: it is logged with its place, once, counted each time, and others are answered', async () => {
  const { cache, health } = connections;
  for (let i = 0; i < 20; i++) expect(await cache.attempt('read', stumble)).toBeUndefined();
  expect(await cache.attempt('read', () => cache.client.get('a'))).toBeNull();
  await new Promise((resolve) => setTimeout(resolve, 1500));
  expect([health.state, health.up]).toEqual(['up', true]);
  expect(failures).toEqual([...Array(20).fill('bug'), undefined]);
  expect(log).toEqual([
    {
      level: 'error',
      op: 'read',
      cause: expect.arrayContaining([expect.stringContaining('connections.test.ts')]),
      msg: 'redis command failed',
    },
  ]);
  await cache.attempt('read', stumble);
  expect(log).toHaveLength(2);
});

test('a mistake in what an argument is, which has a code that begins like those of the system, is one, too', async () => {
  const { cache, health } = connections;
  for (let i = 0; i < 5; i++) await cache.attempt('write', async () => Buffer.from(undefined as never));
  expect(failures).toEqual(Array(5).fill('bug'));
  expect(health.state).toBe('up');
});
