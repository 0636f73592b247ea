/** Two processes on a real Redis that goes away while they make more calls than could ever be told to it at once. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { BEAT_MS } from '../../../src/pacing/window/alone.ts';
import { FleetWindow } from '../../../src/pacing/window/fleet-window.ts';
import { RedisWindow } from '../../../src/pacing/window/redis-window.ts';
import { connectRedis } from '../../../src/redis/client.ts';
import { SlidingWindow } from '../../../src/simulator/sliding-window.ts';
import { startRedis, type TestRedis } from '../../support/redis.ts';

/** A minute's window, sixty times as fast, for eighty times as many calls. */
const rules = { limit: 20_000, windowMs: 1000, callTimeoutMs: 500 };
const CALLS = 26_000;

let redis: TestRedis;
let clients: Redis[];
let hearts: NodeJS.Timeout[];
beforeEach(async () => {
  redis = await startRedis();
  clients = [];
  hearts = [];
});
afterEach(async () => {
  for (const heart of hearts) clearInterval(heart);
  for (const client of clients) client.disconnect();
  await redis.kill();
});

const bugs: unknown[] = [];

const start = async (process: string): Promise<FleetWindow> => {
  const client = connectRedis(redis.url, { commandTimeoutMs: 1000, reconnectMs: 250, onError: () => {} });
  clients.push(client);
  while (client.status !== 'ready') await sleep(5);
  const shared = new RedisWindow({ client, prefix: 't:', attachment: 'A', model: 'm', rules, process });
  const window = new FleetWindow({ shared, rules, onBug: (error) => bugs.push(error) });
  hearts.push(setInterval(() => void window.beat(), BEAT_MS));
  return window;
};

it('26,000 calls later, Redis is there again, and the window is shared within 15 s', async () => {
  const windows = [await start('p'), await start('q')];
  const upstream = new SlidingWindow(rules.limit, rules.windowMs);
  let [made, refused] = [0, 0];
  const call = async (window: FleetWindow): Promise<void> => {
    const admission = await window.admit(16);
    if ('retryInMs' in admission) return sleep(Math.min(20, admission.retryInMs)) as Promise<void>;
    for (const { entry } of admission.grants) {
      made++;
      if (!upstream.take(performance.now())) refused++;
      // Now and then an answer says how much room there is.
      const remaining = made % 200 === 0 ? upstream.state(performance.now()).remaining : undefined;
      entry.complete({ answered: true, remaining });
    }
  };
  const until = async (isOver: () => boolean): Promise<void> => {
    await Promise.all(
      windows.map(async (window) => {
        while (!isOver()) await call(window);
      }),
    );
  };
  const known = performance.now() + 2500;
  await until(() => performance.now() > known);
  await redis.kill();
  await until(() => windows.every(({ lost }) => lost));
  made = 0;
  await until(() => made >= CALLS);
  const back = performance.now();
  await redis.start();
  await until(() => windows.every(({ lost }) => !lost) || performance.now() > back + 20_000);
  expect(performance.now() - back).toBeLessThan(15_000);
  const again = made;
  const settled = performance.now() + 1500;
  await until(() => performance.now() > settled);
  expect(made).toBeGreaterThan(again);
  expect(refused).toBe(0);
  expect(bugs).toEqual([]);
});
