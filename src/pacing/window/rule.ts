/** The rule of admission, in pure functions: the log in memory, its forecast and the script in Redis all follow it. */

import type { Block, Budget } from './window.ts';

/** A window that trusts nothing for a while, as it does not know what the upstream counts. It grants one call at a time. */
export interface Cold {
  /** When everything that is not known of has left the upstream's window. */
  readonly until: number;
  /** When the next call may go. */
  readonly next: number;
  /**
   * False: the next call goes first, to learn how much room there is; while it is out, `next` is when it must have ended.
   * True: the upstream does not say how much room there is, and calls go evenly spaced.
   */
  readonly even: boolean;
}

export interface Occupancy {
  readonly limit: number;
  readonly budget: Budget;
  /** Permits granted as asked that are held. */
  readonly burst: number;
  /** All permits that are held. */
  readonly held: number;
  /** The next moment at which a permit may be granted in the spaced way. */
  readonly nextSpaced: number;
  /** The upstream wants to be left alone until then. */
  readonly pausedUntil: number;
  readonly cold: Cold | undefined;
}

/**
 * How a call gets a permit: as asked (`burst`), in the spaced way (`space`), as the first of a cold window (`probe`) or as
 * one of its evenly spaced (`even`).
 */
export type Grade = 'burst' | 'space' | 'probe' | 'even';

/** For which of the reasons that `Block` explains a log has a call wait. */
export type Hold = Extract<Block, 'paused' | 'full' | 'cold' | 'spaced'>;

/** What becomes of a call asked for at `now`. */
export const gradeOf = (occupancy: Occupancy, now: number): Grade | Hold => {
  const { limit, budget, burst, held, nextSpaced, pausedUntil, cold } = occupancy;
  if (now < pausedUntil) return 'paused';
  if (held >= limit) return 'full';
  if (cold !== undefined && now < cold.until) {
    if (now < cold.next) return 'cold';
    return cold.even ? 'even' : 'probe';
  }
  if (burst < budget.burst) return 'burst';
  return now < nextSpaced ? 'spaced' : 'space';
};

/** How many calls asked for at `now` would all get a permit at once, as asked. */
export const roomOf = (occupancy: Occupancy, now: number): number => {
  const { limit, budget, burst, held } = occupancy;
  return gradeOf(occupancy, now) === 'burst' ? Math.min(budget.burst - burst, limit - held) : 0;
};

/** How soon to look again whether the first call of a cold window has been answered, milliseconds. */
export const POLL_MS = 100;

/**
 * When a call that has to wait may be granted something.
 * @param free when the first permit comes free, and the first of those granted as asked
 */
export const nextChance = (
  { pausedUntil, nextSpaced, cold }: Occupancy,
  hold: Hold,
  now: number,
  free: { readonly any: number; readonly burst: number },
): number => {
  switch (hold) {
    case 'paused':
      return pausedUntil;
    case 'full':
      return free.any;
    case 'spaced':
      return Math.min(free.burst, nextSpaced);
    case 'cold':
      return Math.min(cold!.next, cold!.until, cold!.even ? Number.POSITIVE_INFINITY : now + POLL_MS);
  }
};

export const isGrade = (grade: Grade | Hold): grade is Grade =>
  grade === 'burst' || grade === 'space' || grade === 'probe' || grade === 'even';
