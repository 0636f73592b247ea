/** Scores → the ranked results of an answer. */

/** Up to so many results are selected in one pass over the scores; for more, all scores are sorted. */
const MOST_SELECTED = 32;

/**
 * Ranks a caller's documents: highest score first, ties by index, cut to `topN`.
 * @param scores one per document of the caller, duplicates included
 * @returns indices of documents
 */
export const rank = (scores: Float64Array, topN = scores.length): Uint16Array =>
  topN <= MOST_SELECTED ? select(scores, topN) : sorted(scores).subarray(0, topN);

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
