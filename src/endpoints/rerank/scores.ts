/** Scores, the values of rerank: how two scores of one pair are compared. */

import type { Comparison } from '../../calls/endpoint.ts';
import { SCORE_TOLERANCE } from './tolerance.ts';

/** One document as relevant to the query as possible, and one that is not relevant. */
const companions = (query: string, document: string): string[] =>
  [query, 'The weather was fine on most days of that week.'].filter((text) => text !== document);

export const comparison: Comparison<Float64Array> = {
  distance: (one, other) => Math.abs(one - other),
  tolerance: SCORE_TOLERANCE,
  companions,
};
