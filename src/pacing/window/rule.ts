/** The rule of admission, in pure functions: the log in memory, its forecast and the script in Redis all follow it. */

import { type Block, burstOf } from './window.ts';

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

/** How much of a budget is taken: of calls, or of tokens. */
export interface Level {
  readonly limit: number;
  /** How much of it is granted as asked. */
  readonly burstLimit: number;
  /** What is held of that part, and in all. */
  readonly burst: number;
  readonly held: number;
}

/** Of a budget of which so much is held in all, and so much of the part that is granted as asked. */
export const levelOf = (limit: number, burst = 0, held = 0): Level => ({
  limit,
  burstLimit: burstOf(limit),
  burst,
  held,
});

export interface Occupancy {
  readonly calls: Level;
  /** Undefined: tokens are not limited. */
  readonly tokens?: Level | undefined;
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
export type Hold = Extract<Block, 'paused' | 'full' | 'tokens' | 'cold' | 'spaced'>;

/** What becomes of a call of so many tokens that is asked for at `now`. */
export const gradeOf = (occupancy: Occupancy, tokens: number, now: number): Grade | Hold => {
  const { nextSpaced, pausedUntil, cold } = occupancy;
  if (now < pausedUntil) return 'paused';
  if (occupancy.calls.held >= occupancy.calls.limit) return 'full';
  const level = occupancy.tokens;
  if (level && level.held + tokens > level.limit) return 'tokens';
  if (cold !== undefined && now < cold.until) {
    if (now < cold.next) return 'cold';
    return cold.even ? 'even' : 'probe';
  }
  const fits = occupancy.calls.burst < occupancy.calls.burstLimit;
  if (fits && !(level && level.burst + tokens > level.burstLimit)) return 'burst';
  return now < nextSpaced ? 'spaced' : 'space';
};

/** How much of a budget can be had at once, as asked. */
export const roomIn = ({ limit, burstLimit, burst, held }: Level): number =>
  Math.max(0, Math.min(burstLimit - burst, limit - held));

/** How soon to look again whether the first call of a cold window has been answered, milliseconds. */
export const POLL_MS = 100;

/**
 * When a call that has to wait may be granted something.
 * @param free when the first permit comes free, the first of those granted as asked, and as many tokens as the call needs
 */
export const nextChance = (
  { pausedUntil, nextSpaced, cold }: Pick<Occupancy, 'pausedUntil' | 'nextSpaced' | 'cold'>,
  hold: Hold,
  now: number,
  free: { readonly any: number; readonly burst: number; readonly tokens: number },
): number => {
  switch (hold) {
    case 'paused':
      return pausedUntil;
    case 'full':
      return free.any;
    case 'tokens':
      return free.tokens;
    case 'spaced':
      return Math.min(free.burst, nextSpaced);
    case 'cold':
      return Math.min(cold!.next, cold!.until, cold!.even ? Number.POSITIVE_INFINITY : now + POLL_MS);
  }
};

export const isGrade = (grade: Grade | Hold): grade is Grade =>
  grade === 'burst' || grade === 'space' || grade === 'probe' || grade === 'even';
