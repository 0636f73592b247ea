import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Charge, Quota, type SharedCalls, type SharedUsage } from '../../src/quota/quota.ts';
import { mostInAnyWindow } from '../support/sliding.ts';

const WINDOW = 60_000;
const RULES = { limit: 3, windowMs: WINDOW, leaseMs: WINDOW + 25_000 };

const quotaOf = (shared?: SharedCalls, limit = RULES.limit) => {
  const clock = { now: 1_000_000 };
  const quota = new Quota({ name: 'search', rules: { ...RULES, limit }, shared, now: () => clock.now });
  return { clock, quota };
};

const taken = async (quota: Quota): Promise<Charge> => {
  const result = await quota.take();
  if ('retryInMs' in result) return expect.unreachable(`no place for ${result.retryInMs} ms`);
  return result;
};

/** Takes a place and makes a call that lasts `ms`. */
const call = async ({ quota, clock }: ReturnType<typeof quotaOf>, ms: number): Promise<void> => {
  const charge = await taken(quota);
  clock.now += ms;
  charge.settle(true);
};

describe('a quota in the memory of one process', () => {
  test('grants as many places as there are, and then says when the next one comes free', async () => {
    const one = quotaOf();
    await call(one, 100);
    await call(one, 100);
    await call(one, 100);
    expect(await one.quota.take()).toEqual({ retryInMs: WINDOW - 200 });
    one.clock.now += WINDOW - 200;
    await taken(one.quota);
    expect(await one.quota.take()).toEqual({ retryInMs: 100 });
  });

  test('holds a place until one window after the call was over, however long it lasted', async () => {
    const { quota, clock } = quotaOf(undefined, 1);
    const charge = await taken(quota);
    clock.now += 3 * WINDOW;
    expect(await quota.take()).toEqual({ retryInMs: WINDOW });
    charge.settle(true);
    clock.now += WINDOW - 1;
    expect(await quota.take()).toEqual({ retryInMs: 1 });
    clock.now += 1;
    await taken(quota);
  });

  test('gives back at once what was not used', async () => {
    const { quota } = quotaOf(undefined, 1);
    (await taken(quota)).settle(false);
    (await taken(quota)).settle(false);
    await taken(quota);
  });

  test('grants no more than there is to asks that come together', async () => {
    const { quota } = quotaOf();
    const results = await Promise.all(Array.from({ length: 10 }, () => quota.take()));
    expect(results.filter((result) => 'settle' in result)).toHaveLength(3);
  });

  test('never lets more calls through in any window than it has places, and refuses only when they are held', async () => {
    const step = fc.record({
      waitMs: fc.integer({ min: 0, max: WINDOW / 2 }),
      lastsMs: fc.integer({ min: 0, max: WINDOW }),
      called: fc.boolean(),
      /** When the upstream counts it: at its beginning, its end or somewhere between. */
      counted: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40 }), fc.nat(4), async (steps, more) => {
        const limit = 1 + more;
        const { quota, clock } = quotaOf(undefined, limit);
        const open: { end: number; called: boolean; charge: Charge }[] = [];
        const ends: number[] = [];
        const counts: number[] = [];
        for (const { waitMs, lastsMs, called, counted } of steps) {
          const next = clock.now + waitMs;
          for (const one of open.sort((a, b) => a.end - b.end).filter(({ end }) => end <= next)) {
            clock.now = one.end;
            one.charge.settle(one.called);
            open.splice(open.indexOf(one), 1);
            if (one.called) ends.push(one.end);
          }
          clock.now = next;
          const held = open.length + ends.filter((end) => end + WINDOW > next).length;
          const result = await quota.take();
          expect('settle' in result).toBe(held < limit);
          if (!('settle' in result)) continue;
          open.push({ end: next + lastsMs, called, charge: result });
          if (called) counts.push(next + counted * lastsMs);
        }
        expect(mostInAnyWindow(counts, WINDOW)).toBeLessThanOrEqual(limit);
      }),
    );
  });
});

describe('what a process knows of a quota', () => {
  test('is all of it before the first call', () => {
    expect(quotaOf().quota.state()).toEqual({
      limit: 3,
      windowMs: WINDOW,
      remaining: 3,
      nextFreeMs: WINDOW,
    });
  });

  test('follows its own calls', async () => {
    const one = quotaOf();
    await call(one, 100);
    one.clock.now += 10_000;
    expect(one.quota.state()).toMatchObject({ remaining: 2, nextFreeMs: WINDOW - 10_000 });
    await call(one, 100);
    await call(one, 100);
    expect(one.quota.state()).toMatchObject({ remaining: 0, nextFreeMs: WINDOW - 10_200 });
    one.clock.now += 2 * WINDOW;
    expect(one.quota.state()).toMatchObject({ remaining: 3, nextFreeMs: WINDOW });
  });
});

/** A store that answers with these usages in turn, and then not at all. */
const store = (...usages: (SharedUsage | undefined)[]) => {
  const asked: string[] = [];
  const answer = async (op: string): Promise<SharedUsage | undefined> => {
    asked.push(op);
    return usages.shift();
  };
  const shared: SharedCalls = {
    take: (name) => answer(`take ${name}`),
    settle: (name, _, called) => answer(`settle ${name} ${called}`),
  };
  return { shared, asked };
};

describe('a quota that processes share', () => {
  test('is used up when others have used it up', async () => {
    const { shared } = store({ taken: false, held: 3, nextFreeMs: 777 });
    const { quota } = quotaOf(shared);
    expect(await quota.take()).toEqual({ retryInMs: 777 });
    expect(quota.state()).toMatchObject({ remaining: 0, nextFreeMs: 777 });
  });

  test('counts the calls of others as last heard of, and forgets them after a window', async () => {
    const { shared } = store({ taken: true, held: 3, nextFreeMs: 5_000 }, undefined);
    const { quota, clock } = quotaOf(shared, 10);
    (await taken(quota)).settle(true);
    clock.now += 2_000;
    expect(quota.state()).toMatchObject({ remaining: 7, nextFreeMs: 3_000 });
    clock.now += 10_000;
    expect(quota.state()).toMatchObject({ remaining: 7, nextFreeMs: 0 });
    clock.now += WINDOW - 12_000;
    expect(quota.state()).toMatchObject({ remaining: 10, nextFreeMs: WINDOW });
  });

  test('tells the store of calls made and of places not used', async () => {
    const { shared, asked } = store();
    const { quota } = quotaOf(shared);
    (await taken(quota)).settle(true);
    (await taken(quota)).settle(false);
    expect(asked).toEqual(['take search', 'settle search true', 'take search', 'settle search false']);
  });

  test('is not asked for by a process that has used it up by itself', async () => {
    const room = { taken: true, held: 1, nextFreeMs: WINDOW };
    const { shared, asked } = store(room, room, room, room, room, room);
    const one = quotaOf(shared);
    for (let i = 0; i < 3; i++) await call(one, 100);
    asked.length = 0;
    expect(await one.quota.take()).toEqual({ retryInMs: WINDOW - 200 });
    expect(asked).toEqual([]);
  });

  test('goes on in memory while the store does not answer', async () => {
    const { shared } = store();
    const one = quotaOf(shared);
    for (let i = 0; i < 3; i++) await call(one, 100);
    expect(await one.quota.take()).toEqual({ retryInMs: WINDOW - 200 });
    one.clock.now += WINDOW;
    await taken(one.quota);
  });

  test('does not keep a place here that the store has refused', async () => {
    const full = { taken: false, held: 3, nextFreeMs: 10 };
    const { shared } = store(full, full, full, full);
    const { quota } = quotaOf(shared);
    for (let i = 0; i < 4; i++) await quota.take();
    for (let i = 0; i < 3; i++) await taken(quota);
  });
});
