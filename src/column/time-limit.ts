/** A limit on the time of one attempt, on top of the patience of those who wait for it. */

import type { Terms } from '../calls/call.ts';
import { RerankError } from '../calls/errors.ts';

export interface TimeLimit {
  /** The same terms, whose signal is aborted at the limit, too. Live, as the given ones are. */
  readonly terms: Terms;
  readonly reached: boolean;
  /** The attempt is over. */
  lift(): void;
}

/** @param ms until the attempt is given up, with a `deadline` as the reason */
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
