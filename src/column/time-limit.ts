/** A limit on the time of one attempt, in addition to the deadline of its callers. */

import type { Terms } from '../calls/call.ts';
import { Canceller } from '../calls/cancellation.ts';
import { RerankError } from '../calls/errors.ts';
import { Following } from '../calls/terms.ts';

export interface TimeLimit {
  /** The same terms, whose signal is also aborted at the limit. They follow the given ones when these change. */
  readonly terms: Terms;
  readonly reached: boolean;
  /** The attempt is over. */
  lift(): void;
}

/** @param ms until the attempt is aborted, with a `deadline` error as the reason */
export const timeLimit = (terms: Terms, ms: number): TimeLimit => {
  const limit = new Canceller();
  const { signal } = terms;
  let reached = false;
  const timer = setTimeout(() => {
    reached = true;
    limit.abort(new RerankError('deadline'));
  }, ms);
  const onAbort = (): void => limit.abort(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  return {
    terms: new Following(terms, limit),
    get reached() {
      return reached;
    },
    lift() {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    },
  };
};
