/** Scores, the values of rerank: how two of one pair are compared. */

import type { Comparison } from '../../calls/endpoint.ts';
import { SCORE_TOLERANCE } from './tolerance.ts';

/** As relevant to the query as can be, and not at all. */
const companions = (query: string, document: string): string[] =>
  [query, 'The weather was fine on most days of that week.'].filter((text) => text !== document);

export const comparison: Comparison<Float64Array> = {
  distance: (one, other) => Math.abs(one - other),
  tolerance: SCORE_TOLERANCE,
  companions,
};
