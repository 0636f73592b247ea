/** The rule of admission, in one pure function: the log in memory, its forecast and the script in Redis all follow it. */

import type { Budget } from './window.ts';

/** A window that does not know what the upstream counts: it has forgotten, or its process has just begun. */
export interface Cold {
  /** When everything that is not known of has left the upstream's window. */
  readonly until: number;
  /** When one call may go first, to learn how much room there is; while it is out, when it must have ended. */
  readonly nextProbe: number;
  /** The upstream does not say how much room there is: the moment at which the next call may go, evenly spaced. */
  readonly nextEven: number | undefined;
}

export interface Occupancy {
  readonly limit: number;
  readonly budget: Budget;
  /** Places granted as asked that are held. */
  readonly burst: number;
  /** All places that are held. */
  readonly held: number;
  /** The next moment at which a place may be granted in the spaced way. */
  readonly nextSpaced: number;
  /** The upstream wants to be left alone until then. */
  readonly pausedUntil: number;
  readonly cold: Cold | undefined;
}

/**
 * What becomes of a call asked for at `now`. It gets a place: as asked (`burst`), in the spaced way (`space`), as the
 * first of a cold window (`probe`) or as one of its evenly spaced (`even`). Or it must wait, for the reasons that
 * `Block` in window.ts explains.
 */
export type Grade = 'burst' | 'space' | 'probe' | 'even' | 'paused' | 'full' | 'spaced' | 'cold';

export const gradeOf = (occupancy: Occupancy, now: number): Grade => {
  const { limit, budget, burst, held, nextSpaced, pausedUntil, cold } = occupancy;
  if (now < pausedUntil) return 'paused';
  if (held >= limit) return 'full';
  if (cold !== undefined && now < cold.until) return coldGrade(cold, now);
  if (burst < budget.burst) return 'burst';
  return now < nextSpaced ? 'spaced' : 'space';
};

const coldGrade = ({ nextProbe, nextEven }: Cold, now: number): Grade => {
  if (nextEven !== undefined) return now < nextEven ? 'cold' : 'even';
  return now < nextProbe ? 'cold' : 'probe';
};
