/**
 * A window that trusts nothing for a while, as it does not know what the upstream counts: one call goes first, and what its
 * answer says of the room left is believed; where it says nothing, the others follow evenly spaced. It ends, whatever
 * numbers it was given. Pure: times are monotonic milliseconds that callers pass.
 */

import type { Cold } from './rule.ts';

export interface ColdState extends Cold {
  /** The call that went first, while it is out. */
  readonly probe: string | undefined;
}

/** How soon to look again whether the first call has been answered, milliseconds. */
const POLL_MS = 100;

export const chilled = (until: number): ColdState => ({
  until,
  nextProbe: 0,
  nextEven: undefined,
  probe: undefined,
});

/**
 * What is left of it by now; undefined when it is over.
 * @param mostMs how much longer it lasts at most
 */
export const lasting = (
  cold: ColdState,
  now: number,
  mostMs: number,
  windowMs: number,
): ColdState | undefined => {
  const until = atMost(cold.until, now + mostMs);
  if (until <= now) return undefined;
  return {
    until,
    nextProbe: atMost(cold.nextProbe, now + mostMs),
    nextEven: cold.nextEven === undefined ? undefined : atMost(cold.nextEven, now + windowMs),
    probe: cold.probe,
  };
};

/** Its first call is out. @param endsBy when that must have ended */
export const probed = (cold: ColdState, probe: string, endsBy: number): ColdState => ({
  ...cold,
  nextProbe: endsBy,
  probe,
});

/**
 * Its first call has ended, and has not told how much room there is.
 * @param nextEven when the next call may go; undefined: the upstream has not counted this one, so another goes first
 */
export const unprobed = (cold: ColdState, nextEven: number | undefined): ColdState => ({
  ...cold,
  nextProbe: 0,
  probe: undefined,
  nextEven,
});

/** When it may grant something. */
export const nextWarmth = ({ until, nextEven, nextProbe, probe }: ColdState, now: number): number =>
  Math.min(nextEven ?? (probe === undefined ? nextProbe : now + POLL_MS), until);

/** @returns the bound for what is no number, too */
const atMost = (number: number, most: number): number => (number <= most ? number : most);
