/**
 * How a process goes on that has lost Redis: with its share of the limit, as the others do, who have lost it too. Pure:
 * times are monotonic milliseconds that callers pass.
 */

import type { Chill } from './sliding-log.ts';
import type { CallOutcome, WindowRules } from './window.ts';

export interface Alone {
  /** What the upstream says of calls made from then on is news: every process has noticed, and is on its own. */
  readonly trustFrom: number;
  /** Processes that may share the budget, this one included. */
  readonly processes: number;
  /** Those others that were heard of before, and when the calls of each must have ended; endless while it may live. */
  readonly known: ReadonlyMap<string, number>;
  /** When Redis was back, and whom it has heard of since; undefined while it is gone. */
  back: { readonly at: number; readonly processes: ReadonlySet<string> } | undefined;
}

/** How often Redis is looked for, and others are told that this process is there, milliseconds. */
export const BEAT_MS = 250;

/**
 * How long it takes at most until every process has noticed that Redis is lost, or is back: a beat, and the longest
 * that a command may take. Milliseconds.
 */
const NOTICE_MS = 1250;

/** Processes that one takes part in which has never heard of its fleet: Redis was gone when it began. */
const ASSUMED_PROCESSES = 8;

/**
 * Share of the limit that nobody takes, on its own, of the room that the upstream reports: calls of other processes may
 * be on their way that it has not counted yet.
 */
const RESERVE_SHARE = 0.1;

export interface Loss {
  readonly rules: WindowRules;
  /** On its own already: Redis was back, and was lost again, while others have used the shared window. */
  readonly before: Alone | undefined;
  /** Redis has answered at least once. */
  readonly heard: boolean;
  /** Other processes heard of lately. */
  readonly others: readonly string[];
  /** Places that this process holds, and that all together held when Redis was last heard of. */
  readonly own: number;
  readonly all: number;
}

export interface Solitude {
  readonly alone: Alone;
  /** Places that this process may hold. */
  readonly share: number;
  /** What it may do until all that was sent before must have ended; undefined: it knows of everything. */
  readonly chill: Chill | undefined;
}

/**
 * What was sent before still counts: until that must have ended, a process takes again the places that it held itself,
 * as they come free, and of the room that answers tell of its part.
 */
export const goAlone = ({ rules, before, heard, others, own, all }: Loss, now: number): Solitude => {
  const { limit, windowMs, callTimeoutMs } = rules;
  const known = new Map(before?.known);
  for (const process of others) known.set(process, Number.POSITIVE_INFINITY);
  // Who did not come back while Redis was there is gone: what it had running is from before that.
  if (before?.back !== undefined && now >= before.back.at + NOTICE_MS) {
    const endedAt = before.back.at + NOTICE_MS + callTimeoutMs + windowMs;
    for (const [process, until] of known) {
      if (!before.back.processes.has(process)) known.set(process, Math.min(until, endedAt));
    }
  }
  // Just back, it may not have heard of all of them again.
  const processes = heard ? Math.max(others.length + 1, before?.processes ?? 1) : ASSUMED_PROCESSES;
  const share = Math.max(1, Math.floor(limit / processes));
  const sole = heard && before === undefined && processes === 1 && all <= own;
  const quietUntil = heard && !sole ? now + NOTICE_MS : now;
  const alone = { trustFrom: quietUntil, processes, known, back: undefined };
  const until = now + callTimeoutMs + windowMs;
  // Nothing to take again. Whatever else runs has the most part of the budget.
  if (!heard) return { alone, share, chill: { until, evenMs: windowMs / share } };
  if (sole) return { alone, share, chill: undefined };
  const room = all < (1 - RESERVE_SHARE) * limit;
  const probeFrom = room ? quietUntil : quietUntil + windowMs;
  return {
    alone,
    share,
    chill: { until, quietUntil, reuse: Math.min(own, share), probeFrom, evenMs: undefined },
  };
};

/**
 * Whether the shared window may be used again. Only when every other process has told Redis its calls does the shared
 * log know what the upstream still counts: switching at once would grant the same places twice. What one had running
 * that is not back must have ended first.
 */
export const isOver = (
  { known, back }: Alone,
  { windowMs, callTimeoutMs }: WindowRules,
  now: number,
): boolean => {
  if (back === undefined) return false;
  const complete = [...known].every(([process, until]) => back.processes.has(process) || now >= until);
  return now >= back.at + (complete ? NOTICE_MS : windowMs + callTimeoutMs);
};

/**
 * What one process makes of a call's end. Room that the upstream reports is room for all processes; on its own, one
 * takes its part of it.
 * @param admittedAt when the call was let out
 */
export const ownPart = (
  outcome: CallOutcome,
  admittedAt: number,
  alone: Alone | undefined,
  limit: number,
): CallOutcome => {
  const { remaining } = outcome;
  // In the shared window the room is Redis' to know. What a call from before tells is from before, too: others may
  // have taken all of that room until Redis was lost.
  if (remaining === undefined || alone === undefined || admittedAt < alone.trustFrom) {
    return { ...outcome, remaining: undefined };
  }
  const reserve = alone.processes > 1 ? RESERVE_SHARE * limit : 0;
  return { ...outcome, remaining: Math.max(0, Math.floor((remaining - reserve) / alone.processes)) };
};
