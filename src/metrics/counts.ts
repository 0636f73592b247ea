/** Arithmetic on counts, which only grow: counters and histograms. */

import { type Families, type Family, MOST, type Numbers } from './families.ts';

/** The counts of one process between two times: only the series that grew. */
export const increase = (earlier: Families, later: Families): Families =>
  new Map(
    [...later].flatMap(([name, family]) => {
      if (!counts(family)) return [];
      const before = earlier.get(name)?.series;
      const grown = [...family.series]
        .map(([labels, numbers]) => [labels, subtract(numbers, before?.get(labels))] as const)
        .filter(([, more]) => more.some((number) => number > 0));
      return grown.length === 0 ? [] : [[name, { ...family, series: new Map(grown) }] as const];
    }),
  );

/** The sums of two sets of families, series by series. Series that only `more` has are added. */
export const plus = (families: Families, more: Families): Families => {
  const sum = new Map(families);
  for (const [name, family] of more) {
    const series = new Map(families.get(name)?.series);
    for (const [labels, numbers] of family.series) series.set(labels, add(numbers, series.get(labels)));
    sum.set(name, { ...family, series });
  }
  return sum;
};

/** `families` with the counts of `counted` instead of their own; gauges stay as they are. */
export const withCountsOf = (counted: Families, families: Families): Families =>
  new Map(
    [...families].map(([name, family]) => [
      name,
      counts(family) ? (counted.get(name) ?? { ...family, series: new Map() }) : family,
    ]),
  );

const counts = ({ shape }: Family): boolean => shape.type !== 'gauge';

const subtract = (numbers: Numbers, before: Numbers | undefined): Numbers =>
  numbers.map((number, i) => Math.max(0, number - (before?.[i] ?? 0)));

/** Another process may have left any number up to `MOST`; the sum must not exceed it, either. */
const add = (numbers: Numbers, own: Numbers | undefined): Numbers =>
  numbers.map((number, i) => Math.min(MOST, number + (own?.[i] ?? 0)));
