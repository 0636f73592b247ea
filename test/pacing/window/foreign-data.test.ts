/** A Redis in which somebody else has written under our keys: one bad record costs at most its own item. */

import { hash, randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { FleetWindow } from '../../../src/pacing/window/fleet-window.ts';
import { RedisWindow } from '../../../src/pacing/window/redis-window.ts';
import { keysOf } from '../../../src/pacing/window/scripts/prelude/keys.ts';
import type { Clientele, Line, Turns, WindowEntry } from '../../../src/pacing/window/window.ts';
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
let keys: string[];
let window: FleetWindow;
let heard: Turns | undefined;
let lost: Failure[];
const bugs: unknown[] = [];

const windowOf = (process: string, clientele: Partial<Clientele> = {}): FleetWindow => {
  const shared = new RedisWindow({ client, prefix: 't:', attachment: 'A', model, rules, process });
  const one = new FleetWindow({
    shared,
    rules,
    onChange: (state, cause) => state === 'alone' && lost.push(cause!),
    onBug: (error) => bugs.push(error),
  });
  one.attend({ line: () => LINE, hear: () => {}, vacant: () => {}, ...clientele });
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
  lost = [];
  bugs.length = 0;
  heard = undefined;
  window = windowOf('p', { hear: (turns) => (heard = turns) });
  await window.beat();
  await windowOf('q', { line: () => [] }).beat();
  await pause(GRACE_MS + 5);
  for (const entry of await taken()) entry.complete({ answered: true, remaining: 249 });
  await pause(20);
});

/** It is asked, told, asked about the future, and grants. */
const goesOn = async (word?: string): Promise<void> => {
  await window.refresh();
  const starts = [0, 1, 10].map((n) => window.schedule(50).startOf(n));
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
  expect(Number.isFinite(window.used())).toBe(true);
  expect({ lost, bugs, shared: window.shared }, word).toEqual({ lost: [], bugs: [], shared: true });
};

/** What the limit depends on was written by somebody else: all tell their calls, then one goes first. */
const beginsAnew = async (word?: string): Promise<void> => {
  await window.refresh();
  await pause(GRACE_MS + 20);
  await goesOn(word);
};

const WORDS = ['1e300', '-1e300', 'nan', 'inf', '-inf', 'abc', '', '9e15', '-5', '0x1F'];
/** Calls that are no number, or fewer than none, or more than there can be; weights and heads that are none; no words. */
const LINES = [
  'two 1 x 0  3:1000',
  'two 1 -5 0  3:1000',
  'two 1 99999999999999999999 0  3:1000',
  'two 0 5 0  3:1000',
  'two nan 5 0  3:1000',
  'two 1 5 0 x:y a,b;;;',
  'two',
  '',
];
const [BURST, SPACED, STATE, QUEUE, TURNS, FOREIGN] = [0, 1, 2, 3, 4, 5];

describe('a window goes on', () => {
  it('with turns that are none', async () => {
    for (const word of WORDS) {
      await client.hset(keys[TURNS]!, 'now', word, 'of:two', word, 'of:three', word, word, word);
      await goesOn(word);
    }
  });

  it('anew with a state that is none', async () => {
    const fields = ['granted', 'spaced', 'pause', 'quiet', 'cold', 'probe', 'even', 'seal'];
    for (const from of [0, 3, 7]) {
      const state = fields.map((field, i) => [field, WORDS[(from + i) % WORDS.length]!] as const);
      await client.hset(keys[STATE]!, Object.fromEntries(state));
      await beginsAnew(WORDS[from]);
    }
  });

  it('with lines that say what nobody can', async () => {
    for (const line of LINES) {
      const now = Number((await client.time())[0]) * 1e6;
      await client.hset(keys[QUEUE]!, {
        'x:bad': `${now} ${line}`,
        'x:none': line,
        'x:future': `${now + 36e8} ${line}`,
      });
      await goesOn(line);
    }
  });

  it('among more processes and clients than there are, and lines longer than any', async () => {
    const now = Number((await client.time())[0]) * 1e6;
    const many = (value: string) =>
      Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`of:${i}`, value]));
    await client.hset(keys[QUEUE]!, many(`${now} two 1 1 0  3:1000`));
    await client.hset(keys[TURNS]!, many('5'));
    // Nobody has been heard of lately, as far as can be told.
    await beginsAnew();
    expect(await client.hlen(keys[QUEUE]!)).toBeLessThan(5);
    expect(await client.hlen(keys[TURNS]!)).toBeLessThan(5);
    await client.hset(keys[QUEUE]!, {
      long: `${now} ${LINES[0]};`.repeat(50_000),
      ['y'.repeat(600_000)]: `${now} `,
    });
    await goesOn();
    expect(await client.hkeys(keys[QUEUE]!)).not.toContain('long');
    expect(await client.hlen(keys[QUEUE]!)).toBeLessThan(5);
  });

  it('when the clock was set back an hour, and every moment lies ahead', async () => {
    const [seconds] = await client.time();
    const ahead = (Number(seconds) + 3600) * 1e6;
    await client.hset(keys[STATE]!, { epoch: ahead, next: ahead, cold: ahead, pause: ahead });
    for (const key of [BURST, SPACED])
      for (let i = 0; i < 125; i++) await client.zadd(keys[key]!, ahead + i, `${i}`);
    // A new life of the window: all tell their calls, then one goes first.
    await window.refresh();
    await pause(GRACE_MS + 20);
    await goesOn();
  });

  it('anew when every place is held until the year 2255', async () => {
    for (let i = 0; i < 250; i++) await client.zadd(keys[BURST]!, '9e15', `${i}`);
    await client.zadd(keys[SPACED]!, '+inf', 'never');
    await client.zadd(keys[FOREIGN]!, '9e15', 'x', 1e12, 'y');
    await beginsAnew();
    expect(await client.zcard(keys[BURST]!)).toBeLessThan(10);
  });

  it('anew with records of others that are none', async () => {
    const soon = Number((await client.time())[0]) * 1e6 + 1.5e6;
    await client.zadd(
      keys[FOREIGN]!,
      soon,
      'x',
      soon,
      'nan:1:a',
      soon,
      '-5:1:b',
      soon,
      '3:1:c',
      soon,
      '1e300:1:d',
    );
    for (let i = 0; i < 5000; i++) client.zadd(keys[FOREIGN]!, soon, `junk${i}`).catch(() => {});
    await beginsAnew();
    expect(await client.zcard(keys[FOREIGN]!)).toBeLessThan(40);
  });

  it.each(['string', 'list', 'set', 'other'])('with a %s under every key', async (type) => {
    for (const key of keys) {
      await client.del(key);
      if (type === 'string') await client.set(key, 'x');
      if (type === 'list') await client.rpush(key, 'x');
      if (type === 'set') await client.sadd(key, 'x');
      if (type === 'other')
        await (key.endsWith('state') ? client.zadd(key, 1, 'x') : client.xadd(key, '*', 'a', 'b'));
    }
    await beginsAnew();
  });

  it.each<[what: string, spoil: (mine: string) => Promise<unknown>]>([
    ['whose release is past', (mine) => client.zadd(keys[BURST]!, 0, mine)],
    ['that is gone', (mine) => client.zrem(keys[BURST]!, mine)],
    ['whose set is gone', () => client.del(keys[BURST]!)],
    [
      'that has another name',
      (mine) => client.multi().zrem(keys[BURST]!, mine).zadd(keys[BURST]!, 9e14, 'x').exec(),
    ],
  ])('anew for a place that is held, and %s: it is not granted a second time', async (_, spoil) => {
    const held = await taken(16);
    const [mine] = await client.zrange(keys[BURST]!, '0', '-1');
    await spoil(mine!);
    await window.refresh();
    // Told again by whom they belong to.
    expect(await client.zcard(keys[BURST]!)).toBeGreaterThanOrEqual(held.length);
    expect(await window.admit(1)).toMatchObject({ reason: 'cold' });
  });

  it('in a Redis that is full, also with what it has to delete there', async () => {
    await client.hset(keys[STATE]!, 'pause', '9e15');
    await client.config('SET', 'maxmemory', 1);
    try {
      expect(await client.set('t:more', 1).catch(({ message }) => message)).toContain('OOM');
      await beginsAnew();
    } finally {
      await client.config('SET', 'maxmemory', 0);
    }
  });

  it('anew with fewer than no places granted, and an upstream that reports how much room there is', async () => {
    await client.hset(keys[STATE]!, 'granted', -2_000_000);
    await window.refresh();
    await pause(GRACE_MS + 20);
    for (const entry of await taken(3)) entry.complete({ answered: true, remaining: 100 });
    await client.hset(keys[STATE]!, 'granted', '1e300');
    await beginsAnew();
    expect(await client.zcard(keys[FOREIGN]!)).toBeLessThan(20);
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
  const sizeOf = async (): Promise<number> => {
    let size = 0;
    for (const key of keysOf('t:', { model, attachment: 'L', windowMs: large.windowMs }).filter(
      (key) => !key.endsWith('state') && !key.endsWith('turns'),
    )) {
      size += (await client.type(key)) === 'zset' ? await client.zcard(key) : await client.hlen(key);
    }
    return size;
  };

  it('of which the upstream has 249 left keeps few records of the others', async () => {
    window = largeWindow();
    await window.beat();
    await pause(GRACE_MS + 20);
    for (const entry of await taken()) entry.complete({ answered: true, remaining: 249 });
    await pause(20);
    for (const entry of await taken(2)) entry.complete({ answered: true, remaining: 240 });
    await window.refresh();
    expect(window.used()).toBeGreaterThanOrEqual(999_751);
    expect(await sizeOf()).toBeLessThan(10);
  });

  it('is told of in a reply of bounded size, however many are held', async () => {
    const now = Number((await client.time())[0]) * 1e6;
    const pipeline = client.pipeline();
    for (let i = 0; i < 20_000; i++)
      pipeline.zadd(
        keysOf('t:', { model, attachment: 'L', windowMs: large.windowMs })[BURST]!,
        now + 30e6 + i * 1000,
        `o${i}`,
      );
    await pipeline.exec();
    const [burst, , state] = keysOf('t:', { model, attachment: 'L', windowMs: large.windowMs });
    await client.hset(state!, 'seal', hash('sha1', `${await client.zcard(burst!)}:;0:;0:`));
    const sizes: number[] = [];
    const watched = Object.create(client) as Redis;
    for (const name of ['window_tell', 'window_admit']) {
      const command = (client as unknown as Record<string, (...args: unknown[]) => Promise<unknown[]>>)[
        name
      ]!;
      Object.assign(watched, {
        [name]: async (...args: unknown[]) => {
          const reply = await command.apply(client, args);
          sizes.push(reply.length);
          return reply;
        },
      });
    }
    const shared = new RedisWindow({
      client: watched,
      prefix: 't:',
      attachment: 'L',
      model,
      rules: large,
      process: 'p',
    });
    window = new FleetWindow({ shared, rules: large });
    await window.beat();
    await window.admit(1);
    expect(window.used()).toBe(20_000);
    expect(Math.max(...sizes)).toBeLessThan(5000);
    const places = window.schedule(50);
    expect(Number.isFinite(places.startOf(999_000))).toBe(true);
  });
});
