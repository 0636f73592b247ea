/** The right to make one call, and what is said when it is over: between who makes calls and who paces them. */

import type { Again, Verdict, Wait } from './attempt.ts';
import type { Cost, Terms } from './call.ts';

/** What the end of a call says about the attachment and its budget. */
export interface CallOutcome {
  readonly verdict: Verdict;
  /** The upstream has answered, so it has counted the call by now. */
  readonly answered: boolean;
  /** Calls, and tokens, that the upstream says are left in its window; undefined if it does not say. */
  readonly remaining?: number | undefined;
  readonly remainingTokens?: number | undefined;
  /** Tokens that the call has cost; undefined if the upstream does not say. */
  readonly tokens?: number | undefined;
  /** Milliseconds for which the upstream asks for no calls; undefined if it does not. */
  readonly pauseMs?: number | undefined;
}

/** The right to make one call. */
export interface Permit {
  /** The attachment whose budget the permit is taken from. */
  readonly attachment: string;
  /** Another attachment could take the call if this one does not answer. */
  readonly replaceable: boolean;
  readonly wait: Wait;
  /** The call is over. */
  release(outcome: CallOutcome): void;
  /** No call was made. */
  giveBack(): void;
}

/** What is known of a call that asks for a permit. */
export interface Asked {
  /** Called with the time at which the answer is expected (monotonic ms), again whenever that changes. */
  readonly onQueued?: ((expectedAnswer: number) => void) | undefined;
  /** Set for every attempt but the first. */
  readonly again?: Again | undefined;
  /** Equal for equal questions: it recognizes a refused call that comes back. */
  readonly question?: string | undefined;
  /** Equal for equal questions about the same items: it recognizes a call that fails each time. */
  readonly content?: (() => string) | undefined;
  /** What the call may cost, where tokens are limited, too. It may grow until the call is granted its permit. */
  readonly tokens?: Cost | undefined;
  /** Called in the step in which the permit is granted: from then on the call must not grow. */
  readonly onGrant?: (() => void) | undefined;
}

export interface Permits {
  /**
   * Resolves when a call may start. Rejects at once when it would start too late or no attachment is available, and at
   * any time with the signal's reason when nobody waits any more.
   */
  acquire(terms: Terms, asked?: Asked): Promise<Permit>;
}
