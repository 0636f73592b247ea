/** A limit on the time of one attempt, in addition to the deadline of its callers. */

import type { Terms } from '../calls/call.ts';
import { RerankError } from '../calls/errors.ts';

export interface TimeLimit {
  /** The same terms, whose signal is also aborted at the limit. They follow the given ones when these change. */
  readonly terms: Terms;
  readonly reached: boolean;
  /** The attempt is over. */
  lift(): void;
}

/** @param ms until the attempt is aborted, with a `deadline` error as the reason */
export const timeLimit = (terms: Terms, ms: number): TimeLimit => {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(new RerankError('deadline')), ms);
  return {
    terms: {
      client: terms.client,
      get urgency() {
        return terms.urgency;
      },
      get deadline() {
        return terms.deadline;
      },
      signal: AbortSignal.any([terms.signal, limit.signal]),
    },
    get reached() {
      return limit.signal.aborted;
    },
    lift: () => clearTimeout(timer),
  };
};
