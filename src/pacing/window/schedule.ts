/** When calls could start, as far ahead as anybody asks. */

import { type Amount, least } from './amount.ts';

/**
 * What starts later than this is not told apart, milliseconds. Nobody waits for longer than 29 s (MAX_WAIT_MS), and
 * nobody is told to come back later than 59 s after that.
 */
export const HORIZON_MS = 120_000;

export interface Schedule {
  /**
   * @param n how many calls of anybody go before
   * @returns milliseconds from now, at most HORIZON_MS; never less for a larger n
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
