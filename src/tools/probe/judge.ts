/** The granularity at which a model's scores may be reused, judged by the measurements. Pure. */

import type { Granularity } from '../../config/config.ts';
import type { Aspect, Difference } from './differences.ts';

export interface Verdict {
  readonly granularity: Granularity;
  readonly reason: string;
  /** False: the safe choice, for lack of a measurement. */
  readonly measured: boolean;
}

type Measured = Readonly<Record<Aspect, Difference | undefined>>;

/**
 * `document` only if everything that it assumes was measured and is true. Duplicates do not matter: the gateway never sends
 * any.
 * @param tolerance the largest difference that counts as none
 */
export const judge = ({ repetition, order, companions }: Measured, tolerance: number): Verdict => {
  const differs = (one: Difference | undefined): boolean => one !== undefined && one.largest > tolerance;
  if (differs(repetition)) {
    return verdict('request', 'the same call brings other scores, so that none says what they depend on');
  }
  // Even the granularity `request` treats a set of documents as the same in any order.
  if (repetition && differs(order)) return verdict('off', 'scores depend on the order of the documents');
  if (differs(companions)) return verdict('request', 'scores depend on the companion documents');
  if (!repetition || !order || !companions) {
    return { ...verdict('request', 'the safe choice, since not all was measured'), measured: false };
  }
  return verdict('document', 'scores depend on nothing but their own query and document');
};

const verdict = (granularity: Granularity, reason: string): Verdict => ({
  granularity,
  reason,
  measured: true,
});
