/** What one process and Redis tell each other, with the very script, at a clock that a test moves. */

import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { type Ask, RedisWindow } from '../../../src/pacing/window/redis-window.ts';
import { gradeOf, isGrade, nextChance, roomIn } from '../../../src/pacing/window/rule.ts';
import { EXCHANGE, RULE } from '../../../src/pacing/window/scripts/exchange.ts';
import { burstOf } from '../../../src/pacing/window/window.ts';
import { LuaRedis, Store } from './model/lua.ts';

const rules = { limit: 20, windowMs: 60_000, callTimeoutMs: 25_000 };

const ONE = { calls: 1, tokens: 0 };

let now: number;
let lua: LuaRedis;
let sent: (string | number)[][];
/** Whether its answers get lost. */
let lost: boolean;
beforeEach(() => {
  now = 1000;
  lua = new LuaRedis(new Store(() => 1e15 + Math.round(now * 1000)));
  sent = [];
  lost = false;
});

const send = async (args: (string | number)[]): Promise<unknown> =>
  lua.eval(EXCHANGE, args.slice(0, 2).map(String), args.slice(2));

const windowOf = (process: string, limit = rules.limit): RedisWindow => {
  const client = {
    defineCommand(name: string): void {
      Object.assign(client, {
        [name]: async (...args: (string | number)[]) => {
          sent.push(args);
          const reply = await send(args);
          if (lost) throw new Error('Connection is closed.');
          return reply;
        },
      });
    },
  };
  const options = { prefix: '', attachment: 'A', model: 'm', process, now: () => now };
  return new RedisWindow({ client, ...options, rules: { ...rules, limit } });
};

const ask = (over: Partial<Ask> = {}): Ask => ({
  permits: [],
  line: [],
  wanted: 0,
  hears: true,
  leaves: false,
  ...over,
});

describe('a process that shares a window', () => {
  it('counts another one in for as long as it is heard of, and a while longer', async () => {
    const [one, other] = [windowOf('web.1'), windowOf('web.2')];
    await other.exchange(ask());
    await one.exchange(ask());
    expect(one.fleet.others).toHaveLength(1);
    now += 4000;
    await one.exchange(ask());
    now += 5000;
    expect(one.fleet.others).toHaveLength(1);
    now += 1;
    expect(one.fleet.others).toEqual([]);
    await one.exchange(ask());
    expect(one.fleet.others).toEqual([]);
  });

  it('is not counted in any more once it has left, and its calls still are', async () => {
    const [one, other] = [windowOf('web.1'), windowOf('web.2')];
    await other.exchange(ask({ leaves: true, permits: [{ releaseAt: now + 5000, spaced: false, ...ONE }] }));
    now += 1;
    const { view, held } = await one.exchange(ask());
    expect(view!.peers.size).toBe(0);
    expect(held.calls).toBe(1);
  });

  it('holds the permits that it names, for as long as it says, and no others', async () => {
    const window = windowOf('web.1');
    const [short, long] = [
      { releaseAt: now + 100, spaced: true, ...ONE },
      { releaseAt: now + 300.5, spaced: false, ...ONE },
    ];
    await window.exchange(ask({ permits: [short, long, long] }));
    const other = windowOf('web.2');
    const heldAfter = async (ms: number): Promise<number> => {
      now += ms;
      return (await other.exchange(ask())).held.calls;
    };
    expect(await heldAfter(0)).toBe(3);
    expect(await heldAfter(100)).toBe(2);
    expect(await heldAfter(200.4)).toBe(2);
    await window.exchange(ask({ permits: [long] }));
    expect(await heldAfter(0)).toBe(1);
    expect(await heldAfter(0.1)).toBe(0);
  });

  it('is not taken at a word that comes after a later one', async () => {
    const window = windowOf('web.1');
    await window.exchange(ask());
    await window.exchange(ask({ permits: [{ releaseAt: now + 5000, spaced: false, ...ONE }] }));
    const [first] = sent;
    expect(await send(first!)).toEqual([]);
    expect((await windowOf('web.2').exchange(ask())).held.calls).toBe(1);
  });

  it('tells of more permits than a command should name as of so many that come free together, never too soon', async () => {
    const window = windowOf('web.1', 100_000);
    const permits = Array.from({ length: 50_000 }, (_, i) => ({
      releaseAt: now + 1.2 * (i + 1),
      spaced: false,
      ...ONE,
    }));
    await window.exchange(ask({ permits }));
    expect(sent[0]!.join('').length).toBeLessThan(20_000);
    const other = windowOf('web.2', 100_000);
    for (const ms of [0, 7, 30_000, 20_000, 9_000]) {
      now += ms;
      const held = permits.filter(({ releaseAt }) => releaseAt > now).length;
      const told = (await other.exchange(ask())).held.calls;
      expect(told).toBeGreaterThanOrEqual(held);
      expect(told).toBeLessThanOrEqual(held + 100);
    }
  });

  it('is granted nothing by an epoch in which the others have not had the time to tell of themselves', async () => {
    const window = windowOf('web.1');
    expect((await window.exchange(ask({ wanted: 1 }))).grants).toEqual([]);
    now += 749;
    expect((await window.exchange(ask({ wanted: 1 }))).blocked).toMatchObject({ reason: 'cold' });
    now += 1;
    expect((await window.exchange(ask({ wanted: 1 }))).grants).toMatchObject([{ probing: true }]);
  });

  it.each(['was not sent', 'was granted to nobody who heard of it'])(
    'leaves the first call of a cold window to the next who asks where its own %s',
    async (what) => {
      const [one, other] = [windowOf('web.1'), windowOf('web.2')];
      await one.exchange(ask());
      await other.exchange(ask());
      now += 750;
      lost = what !== 'was not sent';
      const heard = one.exchange(ask({ wanted: 1 }));
      if (lost) await expect(heard).rejects.toThrow();
      else one.end((await heard).grants[0], undefined);
      lost = false;
      expect((await other.exchange(ask({ wanted: 1 }))).grants).toEqual([]);
      await one.exchange(ask());
      expect((await other.exchange(ask({ wanted: 1 }))).grants).toMatchObject([{ probing: true }]);
    },
  );
});

it('the rule in Redis is the rule in memory', () => {
  const moment = fc.nat(8);
  const levels = fc
    .record({ limit: fc.integer({ min: 1, max: 5 }), burst: fc.nat(5), more: fc.nat(2) })
    .map(({ limit, burst, more }) => ({ limit, burstLimit: burstOf(limit), burst, held: burst + more }));
  const occupancies = fc.record({
    calls: levels,
    tokens: fc.option(levels, { nil: undefined }),
    nextSpaced: moment,
    pausedUntil: moment,
    cold: fc.record({ until: moment, next: moment, even: fc.boolean() }),
    free: moment,
    freeBurst: moment,
    freeTokens: moment,
    needed: fc.nat(3),
  });
  fc.assert(
    fc.property(occupancies, moment, ({ free, freeBurst, freeTokens, needed, ...occupancy }, now) => {
      const grade = gradeOf(occupancy, needed, now);
      const moments = { any: free, burst: freeBurst, tokens: freeTokens };
      const next = isGrade(grade) ? 0 : nextChance(occupancy, grade, now, moments);
      const text = `${RULE}
        local is, now, needed, free = cjson.decode(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), cjson.decode(ARGV[4])
        is.tokens = is.tokens or { limit = math.huge, burstLimit = math.huge, burst = 0, held = 0 }
        local grade = gradeOf(is, needed, now)
        local holds = grade == 'paused' or grade == 'full' or grade == 'tokens' or grade == 'cold' or grade == 'spaced'
        return { grade, holds and nextChance(is, grade, now, free) or 0, roomIn(is.calls) }`;
      const argv = [JSON.stringify(occupancy), now, needed, JSON.stringify(moments)];
      expect(lua.eval(text, [], argv)).toEqual([grade, next, roomIn(occupancy.calls)]);
    }),
    { numRuns: 2000 },
  );
});
