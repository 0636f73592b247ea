/** A Redis in which somebody else has written under our keys. */

import { hash, randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { FleetWindow } from '../../../src/pacing/window/fleet-window.ts';
import { RedisWindow } from '../../../src/pacing/window/redis-window.ts';
import { keysOf } from '../../../src/pacing/window/scripts/state.ts';
import type { Backlog, Line, Turns, WindowEntry } from '../../../src/pacing/window/window.ts';
import type { Failure } from '../../../src/redis/failure.ts';
import { startRedis, type TestRedis } from '../../support/redis.ts';

const rules = { limit: 250, windowMs: 1000, callTimeoutMs: 500 };
const GRACE_MS = 750;

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

const LINE: Line = [{ client: 'two', weight: 1, calls: 3, arrived: 0, first: [{ urgency: 3, waitedMs: 5 }] }];

let model: string;
let keys: readonly string[];
/** The keys of the log, and of the turns. */
let log: string;
let turns: string;
let window: FleetWindow;
let heard: Turns | undefined;
let lost: Failure[];
const bugs: unknown[] = [];

const windowOf = (process: string, backlog: Partial<Backlog> = {}): FleetWindow => {
  const shared = new RedisWindow({ client, prefix: 't:', attachment: 'A', model, rules, process });
  const one = new FleetWindow({
    shared,
    rules,
    onChange: (state, cause) => state === 'alone' && lost.push(cause!),
    onBug: (error) => bugs.push(error),
  });
  one.attach({ due: () => 0, line: () => LINE, adopt: () => {}, wake: () => {}, ...backlog });
  return one;
};

const taken = async (count = 1): Promise<WindowEntry[]> => {
  const admission = await window.admit(count);
  if ('retryInMs' in admission) throw new Error(`${admission.reason} for ${admission.retryInMs} ms`);
  return admission.grants.map(({ entry }) => entry);
};

/** Two processes whose window has been running for a while. */
beforeEach(async () => {
  model = randomUUID();
  keys = keysOf('t:', { model, attachment: 'A', windowMs: rules.windowMs });
  [log, turns] = keys as [string, string];
  lost = [];
  bugs.length = 0;
  heard = undefined;
  window = windowOf('p', { adopt: (turns) => (heard = turns) });
  await window.beat();
  await windowOf('q', { line: () => [] }).beat();
  await pause(GRACE_MS + 5);
  for (const entry of await taken()) entry.complete({ answered: true, remaining: 249 });
  await pause(20);
});

/** It is asked, told, asked about the future, and grants. */
const goesOn = async (word?: string): Promise<void> => {
  await window.refresh();
  const starts = [0, 1, 10].map((n) => window.schedules(50).calls.startOf(n));
  expect(starts.every(Number.isFinite), word).toBe(true);
  // A line of another process may be so good that it is its turn first; three times at most.
  let admission = await window.admit(3);
  for (let i = 0; i < 4 && 'retryInMs' in admission && admission.reason === 'turn'; i++) {
    admission = await window.admit(3);
  }
  if ('retryInMs' in admission) throw new Error(`${word}: ${admission.reason} for ${admission.retryInMs} ms`);
  for (const { entry } of admission.grants) entry.complete({ answered: true });
  await window.refresh();
  expect(Number.isFinite(heard!.virtualTime)).toBe(true);
  for (const tag of heard!.tags.values()) expect(Math.abs(tag)).toBeLessThan(1e10);
  expect(Number.isFinite(window.used().calls)).toBe(true);
  expect({ lost, bugs, shared: !window.lost }, word).toEqual({ lost: [], bugs: [], shared: true });
};

/** What the limit depends on was written by somebody else: all tell their calls, then one goes first. */
const beginsAnew = async (word?: string): Promise<void> => {
  await window.refresh();
  await pause(GRACE_MS + 20);
  await goesOn(word);
};

interface Log {
  epoch: string;
  processes: Record<string, { at: number; permits: [release: number, calls: number, spaced: number][] }>;
  [fact: string]: unknown;
}

/** Changes what is stored there, as somebody would who knows what it means. @param sealed nobody but Redis' clock was wrong */
const change = async (key: string, write: (stored: Log) => unknown, sealed = false): Promise<void> => {
  const stored = (await client.get(key))!;
  const value = JSON.parse(stored.slice(40)) as Log;
  write(value);
  const body = JSON.stringify(value);
  await client.set(key, (sealed ? hash('sha1', body) : stored.slice(0, 40)) + body);
};

const WORDS = ['1e300', '-1e300', 'nan', 'inf', '-inf', 'abc', '', '9e15', '-5', '0x1F', '[]', '{}', 'null'];

const mineIn = (stored: Log) =>
  Object.entries(stored.processes).find(([process]) => process.startsWith('p:'))![1];

describe('a window goes on', () => {
  it('with turns that are none', async () => {
    for (const word of WORDS) {
      await client.set(turns, word);
      await goesOn(word);
      await change(turns, (stored) => Object.assign(stored, { now: word, tags: { two: word } }));
      await goesOn(word);
    }
  });

  it('anew with a log that is none', async () => {
    for (const word of WORDS.slice(0, 3)) {
      await client.set(log, word);
      await beginsAnew(word);
    }
    await client.set(log, 'x'.repeat(5_000_000));
    await beginsAnew();
    expect(await client.strlen(log)).toBeLessThan(5000);
  });

  it('anew with facts that are none', async () => {
    const facts = ['epoch', 'at', 'taken', 'spaced', 'pause', 'quiet', 'cold', 'processes'];
    for (const from of [0, 3, 7]) {
      await change(log, (stored) =>
        Object.assign(
          stored,
          Object.fromEntries(facts.map((fact, i) => [fact, WORDS[(from + i) % WORDS.length]])),
        ),
      );
      await beginsAnew(WORDS[from]);
    }
  });

  it('anew with lines that say what nobody can', async () => {
    for (const line of [[{ client: 'two', calls: -5 }], [{ weight: 'x' }], 'two', 7]) {
      await change(log, (stored) => Object.assign(Object.values(stored.processes)[0]!, { line }));
      await beginsAnew(JSON.stringify(line));
    }
  });

  it('anew among more processes than there are', async () => {
    await change(log, (stored) => {
      for (let i = 0; i < 3000; i++) stored.processes[`x${i}`] = Object.values(stored.processes)[0]!;
    });
    await beginsAnew();
    expect(await client.strlen(log)).toBeLessThan(5000);
  });

  it('when the clock was set back an hour, and every moment lies ahead', async () => {
    await change(
      log,
      (stored) => {
        stored.epoch = String(Number(stored.epoch) + 3600e6);
        stored.pause = 1000;
        for (const each of Object.values(stored.processes)) each.permits = [[1e6, 125, 0]];
      },
      true,
    );
    // A new life of the window: all tell their calls, then one goes first.
    await beginsAnew();
  });

  it('anew when every place is held until the year 2255', async () => {
    await change(log, (stored) => Object.assign(mineIn(stored), { permits: [[9e12, 250, 0]] }));
    await beginsAnew();
    expect(window.used().calls).toBeLessThan(10);
  });

  it('anew with records of others that are none', async () => {
    await change(log, (stored) => Object.assign(stored, { foreign: [['x'], [9e15, 'nan'], [-5], 7] }));
    await beginsAnew();
    expect(window.used().calls).toBeLessThan(10);
  });

  it.each(['string', 'list', 'set', 'other'])('with a %s under every key', async (type) => {
    for (const key of keys) {
      await client.del(key);
      if (type === 'string') await client.set(key, 'x');
      if (type === 'list') await client.rpush(key, 'x');
      if (type === 'set') await client.sadd(key, 'x');
      if (type === 'other') await (key === log ? client.zadd(key, 1, 'x') : client.xadd(key, '*', 'a', 'b'));
    }
    await beginsAnew();
  });

  it.each<[what: string, spoil: () => Promise<unknown>]>([
    ['whose release is past', () => change(log, (stored) => (mineIn(stored).permits[0]![0] = -1))],
    ['that is gone', () => change(log, (stored) => mineIn(stored).permits.pop())],
    ['whose log is gone', () => client.del(log)],
    [
      'that is said to be of another process',
      () =>
        change(log, (stored) => {
          stored.processes.other = { ...mineIn(stored) };
          mineIn(stored).permits = [];
        }),
    ],
  ])('anew for a place that is held, and %s: it is not granted a second time', async (_, spoil) => {
    const held = await taken(16);
    await spoil();
    await window.refresh();
    // Told again by whom they belong to.
    const other = windowOf('r', { line: () => [] });
    await other.refresh();
    expect(other.used().calls).toBeGreaterThanOrEqual(held.length);
    expect(await window.admit(1)).toMatchObject({ reason: 'cold' });
  });

  it('in a Redis that is full, also with what it has to delete there', async () => {
    await change(log, (stored) => Object.assign(stored, { pause: 9e15 }));
    await client.config('SET', 'maxmemory', 1);
    try {
      expect(await client.set('t:more', 1).catch(({ message }) => message)).toContain('OOM');
      await beginsAnew();
    } finally {
      await client.config('SET', 'maxmemory', 0);
    }
  });

  it('anew with fewer than no places granted, and an upstream that reports how much room there is', async () => {
    await change(log, (stored) => Object.assign(stored, { taken: { calls: -2_000_000, tokens: 0 } }));
    await window.refresh();
    await pause(GRACE_MS + 20);
    for (const entry of await taken(3)) entry.complete({ answered: true, remaining: 100 });
    await change(log, (stored) => Object.assign(stored, { taken: { calls: '1e300' } }));
    await beginsAnew();
    expect(await client.strlen(log)).toBeLessThan(2000);
  });
});

describe('a window of a million places', () => {
  const large = { limit: 1_000_000, windowMs: 60_000, callTimeoutMs: 500 };
  const largeWindow = (): FleetWindow => {
    const shared = new RedisWindow({
      client,
      prefix: 't:',
      attachment: 'L',
      model,
      rules: large,
      process: 'p',
    });
    return new FleetWindow({ shared, rules: large });
  };
  it('of which the upstream has 249 left keeps few records of the others', async () => {
    window = largeWindow();
    await window.beat();
    await pause(GRACE_MS + 20);
    for (const entry of await taken()) entry.complete({ answered: true, remaining: 249 });
    await pause(20);
    for (const entry of await taken(2)) entry.complete({ answered: true, remaining: 240 });
    await window.refresh();
    expect(window.used().calls).toBeGreaterThanOrEqual(999_751);
    const [log] = keysOf('t:', { model, attachment: 'L', windowMs: large.windowMs });
    expect(await client.strlen(log)).toBeLessThan(1000);
  });

  it('is told of in a reply of bounded size, however many are held', async () => {
    const [first, second] = [largeWindow(), largeWindow()];
    await first.beat();
    await pause(GRACE_MS + 20);
    window = first;
    for (const entry of await taken()) entry.complete({ answered: true, remaining: 999_999 });
    await pause(20);
    let held = 1;
    while (held < 20_000) held += (await taken(1000)).length;
    await second.beat();
    expect(second.used().calls).toBe(held);
    const [log] = keysOf('t:', { model, attachment: 'L', windowMs: large.windowMs });
    expect(await client.strlen(log)).toBeLessThan(30_000);
    expect(Number.isFinite(second.schedules(50).calls.startOf(999_000))).toBe(true);
  });
});
