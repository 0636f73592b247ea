/** When calls could start, as far ahead as anybody asks. */

import type { Amount } from './amount.ts';

/**
 * What starts later than this is not told apart, milliseconds. Nobody waits for longer than 29 s (MAX_WAIT_MS), and
 * nobody is told to come back later than 59 s after that.
 */
export const HORIZON_MS = 120_000;

export interface Schedule {
  /**
   * @param n how many calls of anybody go before
   * @returns milliseconds from the moment for which it was drawn up, at most HORIZON_MS; never less for a larger n
   */
  startOf(n: number): number;
}

/** Of both budgets: a call starts when there is room in each. */
export interface Schedules {
  readonly calls: Schedule;
  /** Counted in tokens. Undefined: they are not limited. */
  readonly tokens?: Schedule | undefined;
}

/** When a call could start that costs so many tokens, if so much goes before it: milliseconds, as `Schedule.startOf`. */
export const startOf = ({ calls, tokens }: Schedules, ahead: Amount, cost: number): number => {
  const start = calls.startOf(ahead.calls);
  // The last of its own tokens has to find room, too.
  return tokens ? Math.max(start, tokens.startOf(ahead.tokens + Math.max(0, cost - 1))) : start;
};

/** What happens after the starts that were foreseen one by one. */
export interface Course {
  /** How many permits there are in all, one or more. */
  readonly permits: number;
  /** As many calls start together with each. */
  readonly unit: number;
  /** After which a permit that was taken is free again, milliseconds, more than 0. */
  readonly periodMs: number;
  /** Every permit has been taken, and is taken again whenever it comes free; else, no more calls start within the horizon. */
  readonly goesOn: boolean;
}

/** @param starts ascending */
export const periodic = (
  starts: readonly number[],
  { permits, unit, periodMs, goesOn }: Course,
): Schedule => ({
  startOf(n) {
    const index = Math.floor(Math.max(0, n) / unit);
    const start = starts[index];
    if (start !== undefined) return Math.min(HORIZON_MS, start);
    if (!(index < Number.MAX_SAFE_INTEGER) || !goesOn) return HORIZON_MS;
    // The permit of the call that went as many calls before as there are permits. Who comes later goes later in any case.
    const turns = Math.floor((index - starts.length) / permits) + 1;
    const before = starts[index - turns * permits]!;
    const latest = starts.at(-1)! + (turns - 1) * periodMs;
    return Math.min(HORIZON_MS, Math.max(before + turns * periodMs, latest));
  },
});

/** A schedule seen from a moment `byMs` later than that for which it was drawn up, when so many calls have started. */
export const seenFrom = (schedule: Schedule, byMs: number, started: number): Schedule => ({
  startOf: (n) => Math.max(0, schedule.startOf(n + started) - byMs),
});

/** Several windows as one: whoever waits takes whichever permit is free first. To the millisecond. */
export const inCommon = (all: readonly Schedules[]): Schedules => {
  const tokens = all.flatMap((each) => each.tokens ?? []);
  return {
    calls: together(all.map(({ calls }) => calls)),
    tokens: tokens.length > 0 ? together(tokens) : undefined,
  };
};

const together = (schedules: readonly Schedule[]): Schedule => ({
  startOf(n) {
    // Of each, no more calls need be counted than are asked about.
    const startedBy = (ms: number): number =>
      schedules.reduce((sum, { startOf }) => sum + least(n + 1, (calls) => startOf(calls) > ms), 0);
    return n < Number.MAX_SAFE_INTEGER ? least(HORIZON_MS, (ms) => startedBy(ms) > n) : HORIZON_MS;
  },
});

/** The least number from 0 to `most` of which something is true that is true of all above it, too. */
const least = (most: number, isTrue: (n: number) => boolean): number => {
  let [low, high] = [0, most];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (isTrue(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
};
