/** Judges an arrival log. */

/** The most moments that lie in any window (t − length, t], or the most that they weigh together. */
export const mostInAnyWindow = (
  moments: readonly number[],
  length: number,
  weights?: readonly number[],
): number => {
  const sorted = moments.map((at, i) => ({ at, weight: weights?.[i] ?? 1 })).sort((a, b) => a.at - b.at);
  let [from, inside] = [0, 0];
  return sorted.reduce((most, { at, weight }) => {
    inside += weight;
    for (; sorted[from]!.at <= at - length; from++) inside -= sorted[from]!.weight;
    return Math.max(most, inside);
  }, 0);
};
