/** A shared window on a Redis that a test makes up, at a clock that it moves. */

import { beforeEach, describe, expect, it } from 'vitest';
import { BEAT_MS } from '../../../src/pacing/window/alone.ts';
import { FleetWindow } from '../../../src/pacing/window/fleet-window.ts';
import { RedisWindow } from '../../../src/pacing/window/redis-window.ts';
import type { WindowEntry, WindowRules } from '../../../src/pacing/window/window.ts';
import { LuaRedis, Store } from './model/lua.ts';

const RULES = { limit: 250, windowMs: 60_000, callTimeoutMs: 25_000 };

let now: number;
/** What Redis does instead of answering. */
let instead: (() => unknown) | undefined;
/** What comes of its answer. */
let answered: (() => unknown) | undefined;
/** What was sent to it, with the size in bytes. */
let commands: { readonly name: string; readonly size: number }[];
let changes: string[];
let bugs: unknown[];

beforeEach(() => {
  now = 1000;
  instead = undefined;
  answered = undefined;
  commands = [];
  changes = [];
  bugs = [];
});

const windowOn = (lua: LuaRedis, rules: WindowRules = RULES, process = 'p'): FleetWindow => {
  const client = {
    defineCommand(name: string, { lua: script, numberOfKeys = 0 }: { lua?: string; numberOfKeys?: number }) {
      (this as unknown as Record<string, unknown>)[name] = async (...args: (string | number)[]) => {
        commands.push({ name, size: args.join('').length });
        if (instead) return instead();
        const reply = lua.eval(script!, args.slice(0, numberOfKeys).map(String), args.slice(numberOfKeys));
        return answered ? answered() : reply;
      };
    },
  };
  const shared = new RedisWindow({
    client: client as never,
    prefix: '',
    attachment: 'A',
    model: 'm',
    rules,
    process,
    now: () => now,
  });
  return new FleetWindow({
    shared,
    rules,
    now: () => now,
    onChange: (state, cause) => changes.push(cause ? `${state}: ${cause.kind}, ${cause.code}` : state),
    onBug: (error) => bugs.push(error),
  });
};

const redis = (): LuaRedis => new LuaRedis(new Store(() => 1e15 + Math.round(now * 1000)));

const pass = async (window: FleetWindow, ms: number): Promise<void> => {
  for (const end = now + ms; now < end; now += BEAT_MS) await window.beat();
};

/** Calls as fast as they are let, each answered at once. */
const saturate = async (window: FleetWindow, ms: number, stepMs = BEAT_MS): Promise<number> => {
  let calls = 0;
  for (const end = now + ms; now < end; now += stepMs) {
    for (;;) {
      const admission = await window.admit(16);
      if ('retryInMs' in admission) break;
      for (const { entry } of admission.grants) {
        calls++;
        entry.complete({ answered: true });
      }
    }
    await window.beat();
  }
  return calls;
};

const lost = (): never => {
  throw new Error('Connection is closed.');
};

const replyError = (message: string): Error => Object.assign(new Error(message), { name: 'ReplyError' });

const HOUR_MS = 3600_000;

describe('a window without Redis', () => {
  it('is shared again at once after a day at its limit, and costs no more by the hour', async () => {
    const window = windowOn(redis());
    await pass(window, 5000);
    await saturate(window, 30_000);
    instead = lost;
    await saturate(window, 90_000);
    const aDay = await saturate(window, 24 * HOUR_MS, 1000);
    expect(aDay / (24 * 60 * RULES.limit)).toBeGreaterThan(0.9);
    expect(window.used().calls).toBeLessThanOrEqual(RULES.limit);
    instead = undefined;
    commands = [];
    await pass(window, 2000);
    expect(changes).toEqual(['alone: outage, CLOSED', 'shared']);
    // A beat each, which tells the permits that are held.
    expect(commands.length).toBeLessThan(12);
    expect(Math.max(...commands.map(({ size }) => size))).toBeLessThan(30 * RULES.limit);
  });

  it('tells what it holds in a command of bounded size, however much it is', async () => {
    const rules = { ...RULES, limit: 30_000 };
    const lua = redis();
    const window = windowOn(lua, rules);
    await pass(window, 75_000);
    instead = lost;
    await pass(window, 2000);
    // It is the only one, so all of the limit is its own.
    expect(await saturate(window, 2000)).toBeGreaterThan(24_000);
    const held = window.used().calls;
    instead = undefined;
    commands = [];
    await pass(window, 2000);
    expect(window.lost).toBeUndefined();
    expect(commands.length).toBeLessThan(12);
    expect(Math.max(...commands.map(({ size }) => size))).toBeLessThan(15_000);
    const other = windowOn(lua, rules, 'q');
    await other.beat();
    expect([window.used().calls, other.used().calls]).toEqual([held, held]);
    now += RULES.windowMs;
    expect(other.used().calls).toBe(0);
  });

  it('tells of a call that ended while it was being told', async () => {
    const lua = redis();
    const window = windowOn(lua);
    const entries: WindowEntry[] = [];
    await pass(window, 75_000);
    const take = async (): Promise<void> => {
      const admission = await window.admit(1);
      if (!('retryInMs' in admission)) entries.push(...admission.grants.map(({ entry }) => entry));
    };
    await take();
    instead = lost;
    await pass(window, 2000);
    await take();
    instead = undefined;
    const beat = window.beat();
    // Redis is not known to be back yet: nobody is told but by the next beat.
    for (const entry of entries) entry.complete({ answered: true });
    await beat;
    await pass(window, 3000);
    const other = windowOn(lua, RULES, 'q');
    await other.beat();
    expect(other.used().calls).toBe(2);
    now += RULES.windowMs;
    expect(other.used().calls).toBe(0);
  });

  it('frees in Redis what was asked for, though the answer was lost', async () => {
    const lua = redis();
    const window = windowOn(lua);
    await pass(window, 75_000);
    // What it asked for was granted, only nobody heard.
    answered = lost;
    await window.admit(16);
    answered = undefined;
    const before = windowOn(lua, RULES, 'o');
    await before.beat();
    expect(before.used().calls).toBeGreaterThan(window.used().calls);
    await pass(window, 3000);
    expect(window.lost).toBeUndefined();
    const other = windowOn(lua, RULES, 'q');
    await other.beat();
    expect(other.used().calls).toBe(window.used().calls);
  });
});

describe('the cause', () => {
  it.each([
    [new Error('Command timed out'), 'alone: outage, TIMEOUT'],
    [replyError("READONLY You can't write against a read only replica."), 'alone: wrong server, READONLY'],
    [replyError('NOAUTH Authentication required.'), 'alone: refused, NOAUTH'],
    [replyError("OOM command not allowed when used memory > 'maxmemory'."), 'alone: full, OOM'],
    [replyError('WRONGTYPE Operation against a key'), 'alone: data, WRONGTYPE'],
  ])('of being alone is told, and no mistake of ours: %s', async (error, change) => {
    const window = windowOn(redis());
    await pass(window, 1000);
    instead = () => {
      throw error;
    };
    await pass(window, 5000);
    expect(await window.admit(1)).toHaveProperty('grants');
    expect(changes).toEqual([change]);
    instead = undefined;
    await pass(window, 5000);
    expect(changes).toEqual([change, 'shared']);
    expect(bugs).toEqual([]);
  });

  it('is told as a mistake, once, when it is one, and the window goes on alone', async () => {
    const window = windowOn(redis());
    await pass(window, 1000);
    const mistake = new TypeError("Cannot read properties of undefined (reading 'map')");
    instead = () => {
      throw mistake;
    };
    await pass(window, 10_000);
    expect(bugs).toEqual([mistake]);
    expect(changes).toEqual(['alone: bug, TypeError']);
    expect(await window.admit(1)).toHaveProperty('grants');
    instead = undefined;
    await pass(window, 5000);
    expect(window.lost).toBeUndefined();
    // Anew is told anew.
    instead = () => {
      throw mistake;
    };
    await pass(window, 1000);
    expect(bugs).toEqual([mistake, mistake]);
  });

  it('of a mistake in whom it serves is told, and it beats on', async () => {
    const window = windowOn(redis());
    await pass(window, 1000);
    const mistake = new RangeError('Maximum call stack size exceeded');
    const fail = (): never => {
      throw mistake;
    };
    let vacancies = 0;
    window.attach({ due: () => 0, line: () => [], adopt: fail, wake: () => vacancies++ || fail() });
    await pass(window, 5000);
    expect(await window.admit(1)).toHaveProperty('grants');
    expect(bugs).toEqual([mistake]);
    expect(vacancies).toBeGreaterThan(5);
    expect({ changes, shared: !window.lost }).toEqual({ changes: [], shared: true });
  });
});

describe('a reply', () => {
  it.each<[string, unknown]>([
    ['of nothing', []],
    ['that is none', null],
    ['of no JSON', ['+', 'x', {}, Number.NaN]],
    ['of no records', ['1', '[]', '"x"']],
    [
      'of records of nonsense',
      ['{"now":"x","grants":7}', '{"processes":[1],"foreign":{}}', '{"tags":[null]}'],
    ],
    [
      'of nonsense in lists',
      [
        '{"now":1e300,"held":"many","granted":-5,"waitMs":"x","reason":"y"}',
        '{"epoch":{},"processes":{"a":{"at":1e300,"permits":[[],[null,"x"],7]}},"foreign":["z"],"even":"w"}',
        '{"now":[],"tags":{"two":{}}}',
      ],
    ],
    ['of more values', ['{"now":1}', '{}', '{}', '{}', 'more', 7]],
  ])('%s neither ends nor hangs a window', async (_, reply) => {
    const window = windowOn(redis());
    await pass(window, 1000);
    instead = () => reply;
    await pass(window, 3000);
    const admission = await window.admit(3);
    if ('retryInMs' in admission) expect(Number.isFinite(admission.retryInMs)).toBe(true);
    expect(Number.isFinite(window.schedules(50).calls.startOf(5))).toBe(true);
    instead = undefined;
    await pass(window, 90_000);
    expect(window.lost).toBeUndefined();
    expect(await window.admit(1)).toHaveProperty('grants');
  });
});
