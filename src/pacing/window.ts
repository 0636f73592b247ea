/**
 * Admission to one attachment's budget for one model: at most `limit` calls in any window of `windowMs`, counted at
 * the upstream, whose clock and whose moment of counting we do not know.
 *
 * The invariant every implementation keeps: an entry is held from admission until one window length after the answer
 * came back. The upstream counts a call at some moment between its sending and its answer; so when the last of k calls
 * that it counts inside one window is admitted, all k entries are still held, and k ≤ limit.
 */
export interface Window {
  readonly limit: number;
  /**
   * Takes a place, or says when to ask again, and why. Never rejects.
   * @param line what waits in this process, told to those that share the window
   */
  admit(line: Line): Promise<Admission>;
  /** Tells those that share the window of a call that is due before others, though no place is asked for now. */
  announce?(line: Line): void;
  /** Entries held now: calls that may still count at the upstream. */
  used(): number;
  /**
   * Milliseconds from now at which each of the next `count` calls could start, ascending, if each lasts `latencyMs`
   * and nobody else takes a place but those that wait in other processes.
   * @param waiting calls that wait in this process; 0: the calls are due, and other processes give way
   */
  forecast(count: number, latencyMs: number, waiting?: number): number[];
}

/** What waits in one process for a window. */
export interface Line {
  readonly waiting: number;
  /** Those of them that are ahead of their turn: others give way. */
  readonly due: number;
}

/**
 * Why a window has no place now. `full`: every place is held. `spaced`: the burst has been granted, and the next of the
 * other places is not due. `paused`: the upstream wants to be left alone. `cold`: it is not known what the upstream
 * still counts. `alone`: Redis is lost, and this process's share of the places is held. `turn`: another process goes
 * first.
 */
export const BLOCKS = ['full', 'spaced', 'paused', 'cold', 'alone', 'turn'] as const;
export type Block = (typeof BLOCKS)[number];

export interface Blocked {
  readonly retryInMs: number;
  readonly reason: Block;
}

export type Admission = { readonly entry: WindowEntry } | Blocked;

export interface WindowEntry {
  /** The call is over. */
  complete(outcome: CallOutcome): void;
  /** The place was not used: no call was sent. */
  cancel(): void;
}

/** What the end of a call tells about the budget. */
export interface CallOutcome {
  /** The upstream's answer came, so it has counted the call by now. */
  readonly answered: boolean;
  /** Calls that the upstream said it would still take, where it said so. Fewer than we think: others use the key. */
  readonly remaining?: number | undefined;
  /** Milliseconds for which the upstream wants to be left alone. */
  readonly pauseMs?: number | undefined;
}

export interface WindowRules {
  readonly limit: number;
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

export interface Budget {
  /** Places granted as asked. */
  readonly burst: number;
  /** Milliseconds between two grants of the other places; infinite when there are none. */
  readonly spacingMs: number;
}

export const budgetOf = ({ limit, windowMs }: WindowRules): Budget => {
  const burst = Math.max(1, Math.floor(limit * BURST_SHARE));
  return { burst, spacingMs: limit > burst ? windowMs / (limit - burst) : Number.POSITIVE_INFINITY };
};
