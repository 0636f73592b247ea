/** Both implementations of the window, by the same tests. */

import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BEAT_MS } from '../../../src/pacing/window/alone.ts';
import { FleetWindow } from '../../../src/pacing/window/fleet-window.ts';
import { RedisWindow } from '../../../src/pacing/window/redis-window.ts';
import type { Admission, Line, WindowEntry, WindowRules } from '../../../src/pacing/window/window.ts';
import { startRedis, type TestRedis } from '../../support/redis.ts';
import { memoryWindow } from '../memory-window.ts';
import { startsOf } from './schedules.ts';

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

/** How long a window that Redis has never heard of grants nothing. */
const GRACE_MS = 750;

const sharedWindow = async (rules: WindowRules, name: string = randomUUID()): Promise<FleetWindow> => {
  const shared = new RedisWindow({
    client,
    prefix: 'test:',
    attachment: 'A',
    model: name,
    rules,
    process: 'p',
  });
  const window = new FleetWindow({ shared, rules });
  await window.beat();
  await pause(GRACE_MS + 5);
  return window;
};

const implementations: [string, (rules: WindowRules) => Promise<FleetWindow>][] = [
  ['in memory', async (rules) => memoryWindow(rules)],
  ['in Redis', (rules) => sharedWindow(rules)],
];

const rules = { limit: 10, windowMs: 600, callTimeoutMs: 2000 };

const take = async (window: FleetWindow): Promise<WindowEntry> => {
  const admission = await window.admit(1);
  if ('retryInMs' in admission) throw new Error(`refused for ${admission.retryInMs} ms`);
  return admission.grants[0]!.entry;
};

const refusal = async (window: FleetWindow): Promise<number> => {
  const admission = await window.admit(1);
  expect(admission).toHaveProperty('retryInMs');
  return (admission as { retryInMs: number }).retryInMs;
};

/** Takes what can be had at once. */
const takeAll = async (window: FleetWindow): Promise<WindowEntry[]> => {
  const taken: WindowEntry[] = [];
  for (;;) {
    const admission = await window.admit(1);
    if ('retryInMs' in admission) return taken;
    taken.push(...admission.grants.map(({ entry }) => entry));
  }
};

/** A first call that learns that nothing else is going on: the window trusts itself from then on. */
const warmUp = async (window: FleetWindow): Promise<void> => {
  (await take(window)).complete({ answered: true, remaining: rules.limit - 1 });
  await pause(20);
};

describe.each(implementations)('a window %s', (_, create) => {
  it('lets one call go first while it does not know what the upstream still counts', async () => {
    const window = await create(rules);
    await take(window);
    expect(await refusal(window)).toBeLessThan(101);
  });

  it('believes what the first answer says of the room left', async () => {
    const window = await create(rules);
    const first = await take(window);
    first.complete({ answered: true, remaining: 5 });
    await pause(20);
    // Five of ten are held, all of them burst places: three of eight are left, and the first of the spaced ones.
    expect(await takeAll(window)).toHaveLength(3 + 1);
  });

  it('spaces its first window evenly when the upstream does not say how much room there is', async () => {
    const window = await create({ ...rules, windowMs: 4000 });
    (await take(window)).complete({ answered: true });
    await pause(20);
    const wait = await refusal(window);
    expect(wait).toBeLessThanOrEqual(400);
    await pause(wait + 5);
    await take(window);
    expect(await refusal(window)).toBeGreaterThan(200);
  });

  it('sends another first call when the first got no answer', async () => {
    const window = await create(rules);
    (await take(window)).complete({ answered: false });
    await pause(20);
    await take(window);
  });

  it('grants a burst as asked, then one, then the next after a spacing', async () => {
    const window = await create(rules);
    await warmUp(window);
    expect(await takeAll(window)).toHaveLength(8);
    const wait = await refusal(window);
    expect(wait).toBeGreaterThan(100);
    expect(wait).toBeLessThanOrEqual(300);
  });

  it('frees a place one window after the answer, and not before', async () => {
    const window = await create({ ...rules, limit: 2 });
    (await take(window)).complete({ answered: true, remaining: 1 });
    await pause(200);
    (await take(window)).complete({ answered: true, remaining: 0 });
    await pause(20);
    const wait = await refusal(window);
    expect(wait).toBeGreaterThan(200);
    expect(wait).toBeLessThanOrEqual(400);
    await pause(wait + 5);
    await take(window);
  });

  it('gives a place that was not used back at once', async () => {
    const window = await create({ ...rules, limit: 1 });
    (await take(window)).cancel();
    await pause(20);
    await take(window);
  });

  it('holds the places of others who use the key', async () => {
    const window = await create(rules);
    await warmUp(window);
    (await take(window)).complete({ answered: true, remaining: 4 });
    await pause(20);
    // Six of ten are held, all of them burst places.
    expect(await takeAll(window)).toHaveLength(2 + 1);
  });

  it('holds those of whom several answers tell at once only once', async () => {
    const window = await create(rules);
    await warmUp(window);
    const taken = [await take(window), await take(window), await take(window)];
    for (const entry of taken) entry.complete({ answered: true, remaining: 3 });
    await pause(20);
    // Seven of ten are held: three of others.
    expect(await takeAll(window)).toHaveLength(1 + 1);
  });

  it('does not count its own calls in flight as those of others', async () => {
    const window = await create(rules);
    await warmUp(window);
    const first = await take(window);
    const second = await take(window);
    const third = await take(window);
    third.complete({ answered: true, remaining: 6 });
    first.complete({ answered: true, remaining: 8 });
    second.complete({ answered: true, remaining: 7 });
    await pause(20);
    expect(await takeAll(window)).toHaveLength(5);
  });

  it('pauses for as long as the upstream wants to be left alone', async () => {
    const window = await create(rules);
    await warmUp(window);
    (await take(window)).complete({ answered: true, remaining: 8, pauseMs: 250 });
    await pause(20);
    const wait = await refusal(window);
    expect(wait).toBeGreaterThan(150);
    expect(wait).toBeLessThanOrEqual(250);
    await pause(wait + 5);
    await take(window);
  });

  it('takes a 429 for a full window', async () => {
    const window = await create(rules);
    await warmUp(window);
    (await take(window)).complete({ answered: true, remaining: 0 });
    await pause(20);
    expect(await refusal(window)).toBeGreaterThan(rules.windowMs / 2);
  });

  it.each([Number.NaN, Infinity, -Infinity, -1, 1e300])(
    'goes on when a call’s end tells of %d',
    async (number) => {
      const window = await create({ ...rules, tokenLimit: 1000 });
      (await take(window)).complete({ answered: true, remaining: 9, remainingTokens: 1000 });
      await pause(20);
      const [one, two] = [await take(window), await take(window)];
      one.complete({ answered: true, remaining: number, remainingTokens: number, tokens: number });
      two.complete({ answered: true, pauseMs: number });
      await window.refresh();
      expect([window.lost, Number.isFinite(window.used().tokens)]).toEqual([undefined, true]);
    },
  );

  it('forecasts starts that hold', async () => {
    const window = await create(rules);
    await warmUp(window);
    const taken = await takeAll(window);
    await refusal(window);
    for (const entry of taken) entry.complete({ answered: true });
    await pause(20);
    await refusal(window);
    const next = window.schedules(50).calls.startOf(0);
    expect(Math.abs(next - (await refusal(window)))).toBeLessThan(60);
    expect(window.used().calls).toBe(1 + 8);
  });
});

describe.each(implementations)('a window %s whose tokens are limited, too', (_, create) => {
  const limits: WindowRules = { ...rules, tokenLimit: 1000 };

  /** A window that is warm, and calls of which each next one is due that is put there. */
  const serving = async (over: Partial<WindowRules> = {}) => {
    const window = await create({ ...limits, ...over });
    const due: { tokens: number } = { tokens: 0 };
    const line = (): Line => [
      {
        ...{ client: 'search', weight: 1, calls: 1, tokens: due.tokens, arrived: 0 },
        first: [{ urgency: 3, waitedMs: 0, tokens: due.tokens }],
      },
    ];
    window.attach({ due: () => due.tokens, line, adopt: () => {}, wake: () => {} });
    const ask = (tokens: number): Promise<Admission> => {
      due.tokens = tokens;
      return window.admit(1);
    };
    const taking = async (tokens: number): Promise<WindowEntry> => {
      const admission = await ask(tokens);
      if ('retryInMs' in admission) throw new Error(`refused: ${admission.reason}`);
      expect(admission.grants.map((grant) => grant.tokens)).toEqual([tokens]);
      return admission.grants[0]!.entry;
    };
    (await taking(0)).complete({ answered: true, tokens: 0, remaining: 9, remainingTokens: 1000 });
    await pause(20);
    return { window, ask, taking };
  };

  it('grants as asked what most of the tokens are enough for, and nothing beyond all of them', async () => {
    const { window, ask, taking } = await serving({ windowMs: 4000 });
    await taking(500);
    await taking(300);
    expect(window.used()).toEqual({ calls: 3, tokens: 800 });
    // One by one, from the rest.
    await taking(150);
    expect(await ask(51)).toMatchObject({ reason: 'tokens' });
    expect(await ask(50)).toMatchObject({ reason: 'spaced' });
  });

  it('says when as many tokens will be free as a call needs', async () => {
    const { ask, taking } = await serving({ windowMs: 1000 });
    const [first, second] = [await taking(300), await taking(400)];
    first.complete({ answered: true, tokens: 300, remaining: 7, remainingTokens: 700 });
    await pause(300);
    second.complete({ answered: true, tokens: 400, remaining: 7, remainingTokens: 300 });
    await pause(20);
    const [soon, later] = [await ask(600), await ask(701)];
    expect(soon).toMatchObject({ reason: 'tokens' });
    const ms = (admission: Admission): number => ('retryInMs' in admission ? admission.retryInMs : 0);
    expect(ms(later) - ms(soon)).toBeGreaterThan(200);
    expect(ms(later) - ms(soon)).toBeLessThan(400);
    await pause(ms(soon) + 5);
    await taking(600);
  });

  it('has room again for what a call has not cost, and less where it has cost more', async () => {
    const { window, ask, taking } = await serving({ windowMs: 4000 });
    const first = await taking(700);
    expect(await ask(301)).toMatchObject({ reason: 'tokens' });
    first.complete({ answered: true, tokens: 100, remaining: 8, remainingTokens: 900 });
    await pause(20);
    const second = await taking(600);
    second.complete({ answered: true, tokens: 850, remaining: 7, remainingTokens: 50 });
    await pause(20);
    expect(window.used().tokens).toBe(950);
    expect(await ask(51)).toMatchObject({ reason: 'tokens' });
  });

  it('holds the tokens of others who use the key, and not more of them for a call that was taken to cost more', async () => {
    const { window, taking } = await serving({ windowMs: 4000 });
    const [one, two] = [await taking(200), await taking(200)];
    one.complete({ answered: true, tokens: 50, remaining: 7, remainingTokens: 1000 - 50 - 50 - 300 });
    two.complete({ answered: true, tokens: 50, remaining: 7, remainingTokens: 1000 - 50 - 50 - 300 });
    await window.refresh();
    // What was not known of the second call when the first was answered is taken for its own.
    expect(window.used().tokens).toBeGreaterThanOrEqual(50 + 50 + 300 - 150);
    expect(window.used().tokens).toBeLessThanOrEqual(50 + 50 + 300);
  });

  it('is not warm before the upstream has told of the tokens, too', async () => {
    const window = await create(limits);
    (await take(window)).complete({ answered: true, remaining: 9 });
    await pause(20);
    expect(await window.admit(1)).toMatchObject({ reason: 'cold' });
  });

  it('is the same as without when a call costs nothing', async () => {
    const { taking } = await serving();
    for (let i = 0; i < 7; i++) await taking(0);
  });
});

describe('a window in Redis', () => {
  it('sees no wait where there is none, long after calls that may have lasted longer', async () => {
    const window = await sharedWindow({ ...rules, callTimeoutMs: 60_000 });
    await warmUp(window);
    for (const entry of await takeAll(window)) entry.complete({ answered: true });
    await pause(rules.windowMs + 50);
    expect(window.used().calls).toBe(0);
    expect(startsOf(window.schedules(50).calls, 8)).toEqual(new Array(8).fill(0));
    expect(await takeAll(window)).toHaveLength(8 + 1);
  });

  it('is one window for all processes', async () => {
    const name = randomUUID();
    const [a, b] = await Promise.all([sharedWindow(rules, name), sharedWindow(rules, name)]);
    await warmUp(a);
    const taken = [...(await takeAll(a)), ...(await takeAll(b))];
    expect(taken).toHaveLength(8);
  });

  it('is spaced by the limit of who asks, not by that of another app on the same prefix', async () => {
    const name = randomUUID();
    const long = { ...rules, windowMs: 10_000 };
    const ours = await sharedWindow({ ...long, limit: 1000 }, name);
    const theirs = await sharedWindow({ ...long, limit: 4 }, name);
    (await take(ours)).complete({ answered: true, remaining: 999 });
    await pause(20);
    // Their burst of three is used up: the next of their calls waits for its spacing, of 10 s.
    await take(theirs);
    await take(theirs);
    await take(theirs);
    expect(await refusal(theirs)).toBeGreaterThan(5000);
    // Ours is 50 ms, and a burst of 800 comes before.
    expect((await takeAll(ours)).length).toBeGreaterThan(790);
    expect(await refusal(ours)).toBeLessThan(100);
  });

  it('is not told of what another length of the window has made of the same prefix', async () => {
    const name = randomUUID();
    const theirs = await sharedWindow({ ...rules, windowMs: 300_000 }, name);
    (await take(theirs)).complete({ answered: true, remaining: 0, pauseMs: 60_000 });
    const ours = await sharedWindow(rules, name);
    await warmUp(ours);
    expect(await takeAll(ours)).toHaveLength(8);
  });

  it('tells who waits in one process of a slot that was given back in another, with its next beat', async () => {
    const name = randomUUID();
    const long = { ...rules, windowMs: 10_000 };
    const [a, b] = await Promise.all([sharedWindow(long, name), sharedWindow(long, name)]);
    let vacancies = 0;
    b.attach({ due: () => 0, line: () => [], adopt: () => {}, wake: () => vacancies++ });
    (await take(a)).complete({ answered: true, remaining: rules.limit - 1 });
    await pause(20);
    const taken = await takeAll(a);
    await refusal(b);
    await pause(BEAT_MS);
    await b.beat();
    expect(vacancies).toBe(0);
    taken[0]!.cancel();
    await pause(BEAT_MS);
    await b.beat();
    expect(vacancies).toBe(1);
  });

  it('keeps nothing for ever, and little for each call', async () => {
    const name = randomUUID();
    const window = await sharedWindow({ ...rules, limit: 250 }, name);
    (await take(window)).complete({ answered: true, remaining: 249 });
    await pause(20);
    expect((await takeAll(window)).length).toBeGreaterThanOrEqual(199);
    const keys = await client.keys(`test:{window6:*:${name}}*`);
    expect(keys.length).toBeGreaterThanOrEqual(1);
    let bytes = 0;
    for (const key of keys) {
      expect(await client.pttl(key)).toBeGreaterThan(0);
      bytes += (await client.call('MEMORY', 'USAGE', key, 'SAMPLES', '0')) as number;
    }
    expect(bytes / 200).toBeLessThan(120);
  });
});
