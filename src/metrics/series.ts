/**
 * Single series, looked up once: prom-client looks a series up by its labels at every event, which takes longer than the rest
 * of a cache hit.
 */

import type { Counter, Histogram } from 'prom-client';

/** The map of series in a prom-client metric, which its types do not declare. */
interface Kept<T> {
  readonly hashMap: Readonly<Record<string, T>>;
}

interface Count {
  readonly labels: Labels;
  value: number;
}

interface Distribution {
  readonly labels: Labels;
  /** By upper bound, the number of values that are above the next lower bound: not cumulative. */
  readonly bucketValues: Record<string, number>;
  sum: number;
  count: number;
}

type Labels = Readonly<Record<string, string>>;

const keptOf = <T extends { readonly labels: Labels }>(metric: object, labels: Labels): T | undefined =>
  Object.values((metric as Kept<T>).hashMap).find((kept) =>
    Object.entries(labels).every(([name, value]) => kept.labels[name] === value),
  );

/** @param labels all labels of the counter @returns a function that adds to its count */
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

/** @param labels all labels of the histogram @returns a function that observes a value */
export const distributionOf = <L extends string>(
  histogram: Histogram<L>,
  labels: Readonly<Record<L, string>>,
): ((value: number) => void) => {
  if (keptOf(histogram, labels) === undefined) histogram.zero(labels);
  const kept = keptOf<Distribution>(histogram, labels)!;
  // By name: a number that is no integer would be made a text each time.
  const names = Object.keys(kept.bucketValues).sort((a, b) => Number(a) - Number(b));
  const bounds = Float64Array.from(names, Number);
  return (value) => {
    kept.sum += value;
    kept.count++;
    let bucket = 0;
    while (bucket < bounds.length && value > bounds[bucket]!) bucket++;
    if (bucket < bounds.length) kept.bucketValues[names[bucket]!]!++;
  };
};

/** What was made for the names that lead here, and by further names. One text of all names would have to be made each time. */
interface Made<T> {
  one?: T;
  readonly more: Map<string, Made<T>>;
}

/** A function that calls `make` once for each list of names, and returns the same result afterwards. */
export const memoized = <T>(make: (...names: string[]) => T): ((...names: string[]) => T) => {
  const first: Made<T> = { more: new Map() };
  return (...names) => {
    let at = first;
    for (const name of names) {
      let next = at.more.get(name);
      if (next === undefined) {
        next = { more: new Map() };
        at.more.set(name, next);
      }
      at = next;
    }
    at.one ??= make(...names);
    return at.one;
  };
};
