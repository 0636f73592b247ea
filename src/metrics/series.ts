/**
 * Single series, found once: prom-client looks a series up by its labels at every event, which takes longer than all else that
 * a hit takes.
 */

import type { Counter, Histogram } from 'prom-client';

/** What prom-client keeps of a series, and its types do not tell. */
interface Kept<T> {
  readonly hashMap: Readonly<Record<string, T>>;
}

interface Count {
  readonly labels: Labels;
  value: number;
}

interface Distribution {
  readonly labels: Labels;
  /** Values within each upper bound that are within no lower one. */
  readonly bucketValues: Record<number, number>;
  sum: number;
  count: number;
}

type Labels = Readonly<Record<string, string>>;

const keptOf = <T extends { readonly labels: Labels }>(metric: object, labels: Labels): T | undefined =>
  Object.values((metric as Kept<T>).hashMap).find((kept) =>
    Object.entries(labels).every(([name, value]) => kept.labels[name] === value),
  );

/** @param labels all that the counter has @returns counts so many more */
export const countOf = <L extends string>(
  counter: Counter<L>,
  labels: Readonly<Record<L, string>>,
): ((more: number) => void) => {
  counter.inc(labels, 0);
  const kept = keptOf<Count>(counter, labels)!;
  return (more) => {
    kept.value += more;
  };
};

/** @param labels all that the histogram has @returns observes a number */
export const distributionOf = <L extends string>(
  histogram: Histogram<L>,
  labels: Readonly<Record<L, string>>,
): ((value: number) => void) => {
  if (keptOf(histogram, labels) === undefined) histogram.zero(labels);
  const kept = keptOf<Distribution>(histogram, labels)!;
  const bounds = Object.keys(kept.bucketValues)
    .map(Number)
    .sort((a, b) => a - b);
  return (value) => {
    kept.sum += value;
    kept.count++;
    const bound = bounds.find((each) => value <= each);
    if (bound !== undefined) kept.bucketValues[bound]!++;
  };
};

/** What is made once for each of some names. */
export const memoized = <T>(make: (...names: string[]) => T): ((...names: string[]) => T) => {
  const made = new Map<string, T>();
  return (...names) => {
    const key = names.join('\n');
    let one = made.get(key);
    if (one === undefined) {
      one = make(...names);
      made.set(key, one);
    }
    return one;
  };
};
