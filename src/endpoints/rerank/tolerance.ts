/**
 * How far two scores of one pair may lie apart and still count as the same. Scores are in [0, 1]. A model that computes
 * in half precision has steps of 0.0005 just below 1, and which way a score is rounded may change with whatever shares
 * its batch: two such steps are noise, and move no document past another that was not its equal.
 */
export const SCORE_TOLERANCE = 0.001;
