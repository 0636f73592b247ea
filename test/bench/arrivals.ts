/** Judges one limiter by what its upstream saw. */

import { mostInAnyWindow } from '../support/sliding.ts';
import { quantile } from '../support/statistics.ts';

/** One call as the upstream saw it; moments in milliseconds since the load began. */
export interface Arrival {
  readonly at: number;
  readonly query: string;
  /** Over the limit, and answered with 429. */
  readonly refused: boolean;
}

export interface Trial {
  /** Calls that the upstream takes in any window. */
  readonly limit: number;
  readonly windowMs: number;
  /** How long the load lasted, in windows. */
  readonly windows: number;
  /** The queries that were asked all at once, when the load began. */
  readonly burst: readonly string[];
}

export interface Verdict {
  /** The most calls that arrived in any window, refused ones included. */
  readonly most: number;
  /** Calls taken after the first window, as a share of what the limit allows in that time. */
  readonly used: number;
  readonly refused: number;
  /** Milliseconds until 99 % of the burst had arrived; infinite when that never was. */
  readonly burstP99Ms: number;
}

export const judge = (arrivals: readonly Arrival[], trial: Trial): Verdict => {
  const { limit, windowMs, windows, burst } = trial;
  const steady = arrivals.filter(
    ({ at, refused }) => !refused && at >= windowMs && at < windows * windowMs,
  ).length;
  const firstOf = new Map<string, number>();
  for (const { at, query } of arrivals) {
    firstOf.set(query, Math.min(at, firstOf.get(query) ?? Number.POSITIVE_INFINITY));
  }
  const starts = burst.map((query) => firstOf.get(query) ?? Number.POSITIVE_INFINITY);
  return {
    most: mostInAnyWindow(
      arrivals.map(({ at }) => at),
      windowMs,
    ),
    used: steady / ((windows - 1) * limit),
    refused: arrivals.filter(({ refused }) => refused).length,
    burstP99Ms: quantile(starts, 0.99),
  };
};
