/**
 * How a process goes on that has lost Redis: with its share of the limit, as the others do, who have lost it too. Pure:
 * times are monotonic milliseconds that callers pass.
 */

import { type Amount, limitOf } from './amount.ts';
import type { CallOutcome, WindowRules } from './window.ts';

export interface Alone {
  /** Nothing is granted before: every process must have noticed first. */
  readonly from: number;
  /** How much may be held until `until`, when all that was sent before must have ended: calls of others may still count. */
  readonly first: Amount;
  readonly until: number;
  /** From then on. */
  readonly share: Amount;
  /** Processes that may share the budget, this one included. */
  readonly processes: number;
  /** Those others that were heard of before, and when the calls of one that is gone must have ended; of others, never. */
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
export const NOTICE_MS = 1250;

/** Processes that one takes part in which has not heard of its fleet, nor the fleet of it: Redis was gone when it began. */
const ASSUMED_PROCESSES = 8;

export interface Loss {
  readonly rules: WindowRules;
  /** On its own already: Redis was back, and was lost again, while others have used the shared window. */
  readonly before: Alone | undefined;
  /** For how long Redis has answered, milliseconds; undefined: it never has. */
  readonly heardMs: number | undefined;
  /** Other processes heard of lately. */
  readonly others: readonly string[];
  /** What this process holds, and what all together held when Redis was last heard of. */
  readonly own: Amount;
  readonly all: Amount;
}

/**
 * Calls sent before the outage may still count upstream. Until the last of them must have ended, a process only takes
 * again the places that it held itself, and their tokens, as they come free; then it has its share.
 */
export const goAlone = ({ rules, before, heardMs, others, own, all }: Loss, now: number): Alone => {
  const { windowMs, callTimeoutMs } = rules;
  const limit = limitOf(rules);
  const leaseMs = callTimeoutMs + windowMs;
  const known = new Map(before?.known);
  for (const process of others) known.set(process, Number.POSITIVE_INFINITY);
  // Who did not come back while Redis was there is gone: what it had running is from before that.
  if (before?.back !== undefined && now >= before.back.at + NOTICE_MS) {
    for (const [process, endedAt] of known) {
      if (!before.back.processes.has(process))
        known.set(process, Math.min(endedAt, before.back.at + NOTICE_MS + leaseMs));
    }
  }
  // Just come, it may not have heard of all, nor they of it, so that they count on its share. Just back, it may not have
  // heard of all of them again.
  const least = heardMs !== undefined && heardMs >= NOTICE_MS ? 1 : ASSUMED_PROCESSES;
  const processes = Math.max(least, others.length + 1, before?.processes ?? 1);
  const share = {
    calls: Math.max(1, Math.floor(limit.calls / processes)),
    tokens: Math.floor(limit.tokens / processes),
  };
  const alone = { from: now, first: share, until: now + leaseMs, share, processes, known, back: undefined };
  // It has nothing to take again, or knows of all that counts.
  const isAll = all.calls <= own.calls && all.tokens <= own.tokens;
  const isSole = before === undefined && others.length === 0 && isAll;
  if (heardMs === undefined || isSole) return alone;
  // Who held nothing may hold one place, though it takes again none of its own: others must have left it one, or given
  // up what is beyond their shares.
  const crowdedMs = own.calls === 0 && all.calls + processes > limit.calls ? windowMs : 0;
  const first = {
    calls: Math.max(1, Math.min(own.calls, share.calls)),
    tokens: rules.tokenLimit === undefined ? share.tokens : Math.min(own.tokens, share.tokens),
  };
  return { ...alone, from: now + NOTICE_MS + crowdedMs, first };
};

/** What may be held at a moment from `from` on. */
export const allowed = ({ first, until, share }: Alone, now: number): Amount => (now < until ? first : share);

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
  const isSettled = [...known].every(([process, endedAt]) => back.processes.has(process) || now >= endedAt);
  return now >= back.at + (isSettled ? NOTICE_MS : windowMs + callTimeoutMs);
};

/**
 * What one process makes of a call's end: of the room that the upstream reports, its part.
 * @param processes among which it is divided; undefined: it is not this process's to know
 */
export const ownPart = (outcome: CallOutcome, processes: number | undefined): CallOutcome => {
  const of = (left: number | undefined): number | undefined =>
    left === undefined || processes === undefined ? undefined : Math.max(0, Math.floor(left / processes));
  return { ...outcome, remaining: of(outcome.remaining), remainingTokens: of(outcome.remainingTokens) };
};
