/** Waits for a slot of the upstream's limit, and gives it back once the upstream has had its say. */

import { toRerankError } from '../rerank/errors.ts';
import type { Layer, Terms } from '../rerank/scoring.ts';

/** Leave to make one call. */
export interface Slot {
  /** The attachment whose budget the slot is taken from. */
  readonly attachment: string;
  /** The call is over: `answered` says whether the upstream's answer came, so that it has counted the call by now. */
  release(answered: boolean): void;
}

export interface Slots {
  /**
   * Resolves when a call may start. Rejects at once when it would start too late, and at any time with the signal's
   * reason when nobody waits any more.
   * @param onQueued told when the answer should be there (monotonic ms)
   */
  acquire(terms: Terms, onQueued?: (expectedAnswer: number) => void): Promise<Slot>;
}

export interface PaceOptions {
  readonly slots: (model: string) => Slots;
}

export const pace =
  ({ slots }: PaceOptions): Layer =>
  (inner) => ({
    async score(ask) {
      const queued = performance.now();
      const slot = await slots(ask.model).acquire(ask.terms, ask.onQueued);
      const queueMs = performance.now() - queued;
      let answered = false;
      try {
        const scores = await inner.score({ ...ask, attachment: slot.attachment });
        answered = true;
        return { ...scores, timing: { ...scores.timing, queueMs } };
      } catch (thrown) {
        answered = toRerankError(thrown).upstreamStatus !== undefined;
        throw thrown;
      } finally {
        slot.release(answered);
      }
    },
  });
