/** The rule of admission, in one pure function: the log in memory, its forecast and the script in Redis all follow it. */

import type { Budget } from './window.ts';

/** A window that began to remember less than a window ago, and does not know what the upstream still counts. */
export interface Cold {
  /** When everything that could have been sent before has left the upstream's window. */
  readonly until: number;
  /** A first call is out to learn how much room there is; nothing follows it until this moment, or its answer. */
  readonly probeUntil: number;
  /**
   * The upstream does not say how much room there is: the moment at which the next call may go, evenly spaced.
   * Undefined while no answer has come.
   */
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
 * What becomes of a call asked for at `now`. It gets a place: as asked (`burst`), in the spaced way (`spaced`), as the
 * first of a cold window (`probe`) or as one of its evenly spaced (`even`). Or it must wait: because the upstream said
 * so (`paused`), because every place is held (`full`), because the next spaced place is not due (`early`), or because a
 * cold window has a call out already (`cold`).
 */
export type Grade = 'burst' | 'spaced' | 'probe' | 'even' | 'paused' | 'full' | 'early' | 'cold';

export const gradeOf = (occupancy: Occupancy, now: number): Grade => {
  const { limit, budget, burst, held, nextSpaced, pausedUntil, cold } = occupancy;
  if (now < pausedUntil) return 'paused';
  if (held >= limit) return 'full';
  if (cold !== undefined && now < cold.until) {
    if (cold.nextEven !== undefined) return now < cold.nextEven ? 'cold' : 'even';
    return now < cold.probeUntil ? 'cold' : 'probe';
  }
  if (burst < budget.burst) return 'burst';
  return now < nextSpaced ? 'early' : 'spaced';
};
