/** Judges an arrival log. */

/** The most moments that lie in any window (t − length, t]. */
export const mostInAnyWindow = (moments: readonly number[], length: number): number => {
  const sorted = [...moments].sort((a, b) => a - b);
  let from = 0;
  return sorted.reduce((most, moment, to) => {
    while (sorted[from]! <= moment - length) from++;
    return Math.max(most, to - from + 1);
  }, 0);
};
