export interface Distinct {
  readonly items: readonly string[];
  /** For each of the given texts, duplicates included, its place among the items. */
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
  return { items: [...seen.keys()], positions };
};
