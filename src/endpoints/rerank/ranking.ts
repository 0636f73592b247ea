/** Scores → the ranked results of an answer. */

export interface Ranked {
  /** Index in the caller's own list of documents. */
  readonly index: number;
  readonly score: number;
}

/** Up to so many results are selected in one pass over the scores; for more, all scores are sorted. */
const MOST_SELECTED = 32;

/**
 * Ranks a caller's documents: highest score first, ties by index, cut to `topN`.
 * @param values one score per distinct document
 * @param positions for each document of the caller, duplicates included, its index among the distinct ones
 */
export const rank = (values: Float64Array, positions: Uint16Array, topN = positions.length): Ranked[] => {
  const scores = Float64Array.from(positions, (position) => values[position]!);
  const best = topN <= MOST_SELECTED ? select(scores, topN) : sorted(scores).subarray(0, topN);
  return Array.from(best, (index) => ({ index, score: scores[index]! }));
};

/** Indices of all scores, the best first. */
const sorted = (scores: Float64Array): Uint16Array =>
  Uint16Array.from(scores.keys()).sort((a, b) => scores[b]! - scores[a]! || a - b);

/** Indices of the best scores, the best first. */
const select = (scores: Float64Array, most: number): Uint16Array => {
  const best = new Uint16Array(Math.min(most, scores.length));
  let count = 0;
  for (let index = 0; index < scores.length; index++) {
    const score = scores[index]!;
    if (count === best.length && score <= scores[best[count - 1]!]!) continue;
    let place = count < best.length ? count++ : count - 1;
    // Moves only lower scores back: of two equal ones, the first stays before the second.
    for (; place > 0 && scores[best[place - 1]!]! < score; place--) best[place] = best[place - 1]!;
    best[place] = index;
  }
  return best;
};
