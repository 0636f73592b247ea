/**
 * The largest difference of two scores of one pair that count as the same. Scores are in [0, 1]. A model that computes in
 * half precision has steps of 0.0005 just below 1, and a score's rounding may change with the other documents in its batch:
 * two such steps are noise, and do not change the order of documents that clearly differ.
 */
export const SCORE_TOLERANCE = 0.001;
