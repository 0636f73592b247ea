/** What a window is asked, what it answers, and by which rules. */

import type { CallOutcome as JudgedOutcome } from '../../calls/permit.ts';

/** Places asked for at once: a burst is not to pay for one way to Redis and back with each. */
export const MOST_AT_ONCE = 16;

/** What waits for a window in this process. */
export interface Backlog {
  /** Tokens of the call that is due first here. */
  due(): number;
  /** Told to those that share the window. */
  line(): Line;
  /** Is told whose turn it is among all who share the window. */
  adopt(turns: Turns): void;
  /** Is told that there is a place now, which may be sooner than was said: a permit may have been given back elsewhere. */
  wake(): void;
}

/** What waits in one process, client by client. */
export type Line = readonly Waiting[];

export interface Waiting {
  readonly client: string;
  /** Its share, in relation to those of others. */
  readonly weight: number;
  readonly calls: number;
  /** What they are likely to cost together; nothing if nothing is said. */
  readonly tokens?: number | undefined;
  /** Calls that it brings in a period, if it goes on as it does: see queue/recent-calls.ts. */
  readonly arrived: number;
  /** The first of the calls, in the order in which they are due. */
  readonly first: readonly WaitingCall[];
}

export interface WaitingCall {
  /** The smaller, the more urgent. */
  readonly urgency: number;
  /** Milliseconds. */
  readonly waitedMs: number;
  /** What it asks for. */
  readonly tokens?: number | undefined;
}

/** The state of a fair queue: see queue/fair-queue.ts. */
export interface Turns {
  readonly virtualTime: number;
  /** By client. One that is not named has nothing to make up for. */
  readonly tags: ReadonlyMap<string, number>;
}

/**
 * Why a window has no place now. `full`: every place is held. `spaced`: the burst has been granted, and the next of the
 * other places is not due. `paused`: the upstream wants to be left alone. `cold`: it is not known what the upstream
 * still counts. `alone`: Redis is lost, and this process's share of the places is held. `turn`: another process goes
 * first. `tokens`: the window's tokens are used up, of a model that has a limit of them.
 */
export const BLOCKS = ['full', 'spaced', 'paused', 'cold', 'alone', 'turn', 'tokens'] as const;
export type Block = (typeof BLOCKS)[number];

export interface Blocked {
  readonly retryInMs: number;
  readonly reason: Block;
}

export type Admission = { readonly grants: readonly Grant[] } | Blocked;

export interface Grant {
  readonly entry: WindowEntry;
  /** What the call may cost. */
  readonly tokens: number;
  /** Whose turn it is; undefined: this process may decide. */
  readonly client?: string | undefined;
}

export interface WindowEntry {
  /** The call is over. */
  complete(outcome: CallOutcome): void;
  /** The place was not used: no call was sent. */
  cancel(): void;
}

/** What the end of a call tells about the budgets. */
export type CallOutcome = Omit<JudgedOutcome, 'verdict'>;

export interface WindowRules {
  readonly limit: number;
  /** Undefined: tokens are not limited. */
  readonly tokenLimit?: number | undefined;
  readonly windowMs: number;
  /** The longest that a call may last; an entry is held that long, and a window more, if nobody completes it. */
  readonly callTimeoutMs: number;
}

/**
 * Share of the limit that is granted as asked. The rest is granted one by one, evenly spaced: a burst passes at once,
 * and yet a newcomer waits one spacing rather than the rest of the window for its first call.
 */
export const BURST_SHARE = 0.8;

/**
 * How much later than its end, as we see it, a call without an answer may still be counted: its bytes may wait in
 * buffers after we have given it up. Milliseconds.
 */
export const UNANSWERED_GRACE_MS = 1000;

/** The upstream is left alone no longer than that, whatever it asks for. Milliseconds. */
export const MOST_PAUSE_MS = 60_000;

export interface Budget {
  /** Places granted as asked. */
  readonly burst: number;
  /** Milliseconds between two grants of the other places, where there are any, for each call's worth of the first. */
  readonly spacingMs: number;
  /** And between two calls of a cold window whose first one could not learn how much room there is. */
  readonly evenMs: number;
}

export const budgetOf = ({ limit, windowMs }: Pick<WindowRules, 'limit' | 'windowMs'>): Budget => {
  const burst = burstOf(limit);
  return { burst, spacingMs: windowMs / Math.max(1, limit - burst), evenMs: windowMs / limit };
};

/** How much of a limit is granted as asked. */
export const burstOf = (limit: number): number => Math.max(1, Math.floor(limit * BURST_SHARE));

/**
 * How many calls' worth of a window a call is: its share of that budget of which it takes more, calls or tokens (dominant
 * resource fairness: Ghodsi and others, NSDI 2011).
 */
export const sizeOf = (
  tokens: number,
  { limit, tokenLimit }: Pick<WindowRules, 'limit' | 'tokenLimit'>,
): number => (tokenLimit === undefined ? 1 : Math.max(1, (tokens * limit) / tokenLimit));
