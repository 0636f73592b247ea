import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { schedulesOf } from '../../../src/pacing/window/forecast.ts';
import { Permits } from '../../../src/pacing/window/permits.ts';
import { type Cold, gradeOf, levelOf } from '../../../src/pacing/window/rule.ts';
import { HORIZON_MS, inCommon, type Schedule } from '../../../src/pacing/window/schedule.ts';
import { SlidingLog } from '../../../src/pacing/window/sliding-log.ts';
import { budgetOf, burstOf } from '../../../src/pacing/window/window.ts';
import { admit } from './admitted.ts';
import { startsOf } from './schedules.ts';

const NOW = 5000;
const WINDOW_MS = 1000;
const LATENCY_MS = 100;

interface WindowState {
  readonly limit: number;
  readonly windowMs: number;
  readonly nextSpaced: number;
  readonly pausedUntil: number;
  readonly cold: Cold | undefined;
  readonly releases: readonly { readonly at: number; readonly spaced: boolean; readonly calls?: number }[];
}

const stateOf = (limit: number, over: Partial<WindowState> = {}): WindowState => ({
  limit,
  windowMs: WINDOW_MS,
  nextSpaced: 0,
  pausedUntil: 0,
  cold: undefined,
  releases: [],
  ...over,
});

const forecast = (
  { limit, windowMs, releases, ...rest }: WindowState,
  now: number,
  latencyMs: number,
): Schedule => {
  const held = new Permits(
    releases.map(({ at, ...kind }) => ({ releaseAt: at, calls: 1, tokens: 0, ...kind })),
  );
  const calls = levelOf(limit, held.burst.calls, held.held.calls);
  const seen = { occupancy: { calls, ...rest }, permits: () => held.list, windowMs };
  return schedulesOf(seen, now, latencyMs).calls;
};

/** As many of each kind are held as there are places of it: nobody else uses the key, and the limit was always this one. */
const isOwn = ({ limit, releases }: WindowState): boolean => {
  const spaced = releases.filter((release) => release.spaced).length;
  return releases.length - spaced <= burstOf(limit) && spaced <= limit - burstOf(limit);
};

/** The rule, asked again at every moment at which its answer may change. */
const oneByOne = ({ limit, releases, ...state }: WindowState, count: number): number[] => {
  const budget = budgetOf({ limit, windowMs: WINDOW_MS });
  const held = releases.map(({ at, spaced }) => ({ at, spaced }));
  const starts: number[] = [];
  let { nextSpaced } = state;
  for (let time = Math.max(NOW, state.pausedUntil); starts.length < count; ) {
    const now = held.filter(({ at }) => at > time);
    const burst = now.filter(({ spaced }) => !spaced).length;
    const calls = { limit, burstLimit: budget.burst, burst, held: now.length };
    const occupancy = { calls, nextSpaced, pausedUntil: 0, cold: undefined };
    const grade = gradeOf(occupancy, 0, time);
    if (grade === 'burst' || grade === 'space') {
      starts.push(time - NOW);
      held.push({ at: time + LATENCY_MS + WINDOW_MS, spaced: grade === 'space' });
      if (grade === 'space') nextSpaced = time + budget.spacingMs;
    } else {
      const moments = [...now.map(({ at }) => at), ...(grade === 'spaced' ? [nextSpaced] : [])];
      time = Math.min(...moments.filter((moment) => moment > time));
    }
  }
  return starts;
};

const release = fc.record({ at: fc.integer({ min: NOW + 1, max: NOW + 1100 }), spaced: fc.boolean() });
const warm = fc
  .record({ limit: fc.integer({ min: 1, max: 40 }), pausedUntil: fc.integer({ min: 0, max: NOW + 500 }) })
  .chain(({ limit, pausedUntil }) =>
    fc
      .record({
        releases: fc.array(release, { maxLength: limit }),
        nextSpaced: fc.integer({ min: 0, max: NOW + 200 }),
      })
      .map((over) => stateOf(limit, { pausedUntil, ...over })),
  );

describe('a forecast', () => {
  it('is the rule itself, run ahead of time, until a place comes free that it has taken itself', () => {
    fc.assert(
      fc.property(warm.filter(isOwn), (state) => {
        const expected = oneByOne(state, state.limit);
        const free = expected[0]! + LATENCY_MS + WINDOW_MS;
        const first = expected.filter((start) => start < free);
        for (const [n, start] of startsOf(forecast(state, NOW, LATENCY_MS), first.length).entries()) {
          expect(start).toBeCloseTo(first[n]!, 6);
        }
      }),
    );
  });

  it('is close to it after that, and while others hold places, too', () => {
    fc.assert(
      fc.property(warm, (state) => {
        const expected = oneByOne(state, 3 * state.limit);
        for (const [n, start] of startsOf(forecast(state, NOW, LATENCY_MS), expected.length).entries()) {
          expect(Math.abs(start - expected[n]!)).toBeLessThanOrEqual(WINDOW_MS / 2);
        }
      }),
    );
  });

  it('goes on while places of the first round are still taken one by one', () => {
    const releases = [0, 1, 2].map(() => ({ at: NOW + 934, spaced: true }));
    const state = stateOf(14, { releases });
    const expected = oneByOne(state, 42);
    expect(startsOf(forecast(state, NOW, LATENCY_MS), 42)).toEqual(
      expected.map((at) => expect.closeTo(at, 6)),
    );
  });

  it('spaces the calls evenly where no answer says how much room there is', () => {
    const cold = { until: NOW + 1000, next: NOW + 30, even: true };
    const schedule = forecast(stateOf(10, { cold }), NOW, LATENCY_MS);
    expect(startsOf(schedule, 10)).toEqual([30, 130, 230, 330, 430, 530, 630, 730, 830, 930]);
    // The first of them comes free when it has been answered, and a window has passed.
    expect(schedule.startOf(10)).toBeGreaterThanOrEqual(1130);
  });

  it('lets one call go first where that is to tell how much room there is', () => {
    const cold = { until: NOW + 1000, next: 0, even: false };
    const schedule = forecast(stateOf(10, { cold }), NOW, LATENCY_MS);
    expect(startsOf(schedule, 9)).toEqual([0, ...new Array(8).fill(100)]);
  });

  it('ends for any numbers, with moments in order that lie before the horizon', () => {
    const any = fc.oneof(fc.double(), fc.constantFrom(Infinity, -Infinity, Number.NaN, 0, 1e300, -1));
    const state = fc.record({
      limit: any,
      windowMs: any,
      nextSpaced: any,
      pausedUntil: any,
      cold: fc.option(
        fc.record({
          until: any,
          next: any,
          even: fc.boolean(),
        }),
        { nil: undefined },
      ),
      releases: fc.array(fc.record({ at: any, spaced: fc.boolean(), calls: any }), { maxLength: 20 }),
    });
    fc.assert(
      fc.property(state, any, fc.array(fc.double({ min: 0, noNaN: true })), (state, latencyMs, counts) => {
        const schedule = forecast(state, NOW, latencyMs);
        const starts = [0, 1, 2, 100, ...counts].sort((a, b) => a - b).map((n) => schedule.startOf(n));
        for (const start of starts) {
          expect(start).toBeGreaterThanOrEqual(0);
          expect(start).toBeLessThanOrEqual(HORIZON_MS);
        }
        expect(schedule.startOf(Number.NaN)).toBe(HORIZON_MS);
      }),
      { numRuns: 500 },
    );
  });

  it('looks a million calls ahead of a window of a million places as it does one call', () => {
    const foreign = { at: NOW + 50, spaced: false, calls: 999_751 };
    const state = stateOf(1_000_000, { windowMs: 60_000, releases: [foreign], nextSpaced: NOW + 10 });
    const schedule = forecast(state, NOW, LATENCY_MS);
    expect(schedule.startOf(0)).toBe(10);
    expect(schedule.startOf(999_999)).toBeLessThanOrEqual(60_000);
    expect(schedule.startOf(1_000_000)).toBe(schedule.startOf(0) + 60_100);
    expect(schedule.startOf(35_000_000)).toBe(HORIZON_MS);
  });

  it('looks over a thousand windows of a tenth of a second as it does over one', () => {
    const state = stateOf(1, {
      windowMs: 100,
    });
    expect(forecast(state, NOW, 0).startOf(1000)).toBe(100_000);
    expect(forecast(state, NOW, 0).startOf(1e9)).toBe(HORIZON_MS);
  });
});

describe('several windows together', () => {
  it('start as many calls by any moment as each of them', () => {
    fc.assert(
      fc.property(warm, warm, fc.nat(5000), (one, other, ms) => {
        const schedules = [one, other].map((state) => forecast(state, NOW, LATENCY_MS));
        const startedOf = (schedule: Schedule): number => {
          let started = 0;
          while (schedule.startOf(started) <= ms) started++;
          return started;
        };
        const [first, second] = schedules.map(startedOf) as [number, number];
        const { calls: common } = inCommon(schedules.map((calls) => ({ calls })));
        const sum = first + second;
        if (sum > 0) expect(common.startOf(sum - 1)).toBeLessThanOrEqual(ms + 1);
        expect(common.startOf(sum)).toBeGreaterThan(ms - 1e-6);
      }),
    );
  });

  it('end for any number of calls', () => {
    const { calls: common } = inCommon([
      { calls: forecast(stateOf(3), NOW, LATENCY_MS) },
      { calls: forecast(stateOf(1_000_000), NOW, 0) },
    ]);
    for (const n of [1e9, 1e300, Infinity, Number.NaN]) expect(common.startOf(n)).toBe(HORIZON_MS);
    expect(common.startOf(-1)).toBe(0);
  });
});

it('a log that lost Redis, and whose first call’s answer tells nothing, can be asked what it expects', () => {
  const log = new SlidingLog({ limit: 20, windowMs: 5000, callTimeoutMs: 25_000 });
  log.chill(30_000, 0);
  const probe = admit(log, 11);
  if ('retryInMs' in probe) throw new Error('no call may go first');
  log.complete(probe, 40, { answered: true });
  expect(startsOf(log.schedules(50, 30).calls, 9)).toHaveLength(9);
});

describe('what a log expects', () => {
  const logOf = (limit: number): SlidingLog =>
    new SlidingLog({ limit, windowMs: WINDOW_MS, callTimeoutMs: 5000 });

  it('goes on with each call that it grants', () => {
    const log = logOf(10);
    const before = startsOf(log.schedules(NOW, LATENCY_MS).calls, 30);
    for (let i = 0; i < 8; i++) log.grant(NOW, 'burst');
    expect(startsOf(log.schedules(NOW, LATENCY_MS).calls, 22)).toEqual(before.slice(8));
  });

  it('is something else at once when the upstream wants to be left alone, or tells of others', () => {
    const log = logOf(10);
    const [one, two] = [log.grant(NOW, 'burst'), log.grant(NOW, 'burst')];
    expect(startsOf(log.schedules(NOW, LATENCY_MS).calls, 1)).toEqual([0]);
    log.complete(one, NOW, { answered: true, remaining: 0 });
    expect(startsOf(log.schedules(NOW, LATENCY_MS).calls, 1)[0]).toBeGreaterThan(0);
    log.complete(two, NOW, { answered: true, pauseMs: 3000 });
    expect(startsOf(log.schedules(NOW, LATENCY_MS).calls, 1)[0]).toBeGreaterThanOrEqual(3000);
  });
});
