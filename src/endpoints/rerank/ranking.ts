/** Scores → the results a caller reads. */

export interface Ranked {
  /** Place in the caller's own list of documents. */
  readonly index: number;
  readonly score: number;
}

/**
 * Ranks a caller's documents: highest score first, ties by index, cut to `topN`.
 * @param values one score per distinct document
 * @param positions for each document of the caller, duplicates included, its place among the distinct ones
 */
export const rank = (values: Float64Array, positions: Uint16Array, topN = positions.length): Ranked[] => {
  const ranked = Array.from(positions, (position, index) => ({ index, score: values[position]! }));
  ranked.sort((a, b) => b.score - a.score || a.index - b.index);
  return topN < ranked.length ? ranked.slice(0, topN) : ranked;
};
