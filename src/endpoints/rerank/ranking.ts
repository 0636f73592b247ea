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

export interface Distinct {
  readonly documents: readonly string[];
  readonly positions: Uint16Array;
}

/** The distinct texts in order of first appearance, and where each of the given texts stands among them. */
export const distinct = (texts: readonly string[]): Distinct => {
  const seen = new Map<string, number>();
  const positions = new Uint16Array(texts.length);
  texts.forEach((text, index) => {
    let position = seen.get(text);
    if (position === undefined) {
      position = seen.size;
      seen.set(text, position);
    }
    positions[index] = position;
  });
  return { documents: [...seen.keys()], positions };
};
