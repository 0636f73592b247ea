/**
 * Answers that are given without the column, of which verification is to have its samples all the same: now and then one
 * takes the way by it, and stands for all since the last.
 */

import type { Identity } from './identity.ts';

/** Of an answer's values, those that verification takes samples of: what depends on its companions is never reused alone. */
export const samplesOf = ({ whole, digests }: Identity): number => (whole ? 0 : digests.count);

/** Often enough to find a model that has changed within seconds, and seldom beside what is answered meanwhile. */
const EVERY_MS = 250;

export class Unseen {
  readonly #rate: number;
  readonly #now: () => number;
  #values = 0;
  #takenAt = Number.NEGATIVE_INFINITY;

  /** @param rate share of values that are looked at; 0: none is @param now monotonic milliseconds */
  constructor(rate: number, now: () => number = () => performance.now()) {
    this.#rate = rate;
    this.#now = now;
  }

  /** Of an answer from so many values: whether it takes the long way. Else its values count as not seen. */
  readonly pass = (values: number): boolean => {
    if (this.#rate === 0 || values === 0) return false;
    if (this.#now() - this.#takenAt >= EVERY_MS) return true;
    this.#values += values;
    return false;
  };

  /** Values that were not seen since the last time. */
  readonly take = (): number => {
    const values = this.#values;
    this.#values = 0;
    this.#takenAt = this.#now();
    return values;
  };
}
