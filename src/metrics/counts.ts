/** Arithmetic on what only ever grows: counters and histograms. For texts without timestamps, as ours are. */

import type { Families, Family } from './text.ts';

/** What was counted between two texts of one process: only the series that grew. */
export const increase = (earlier: Families, later: Families): Families =>
  new Map(
    [...later].flatMap(([name, family]) => {
      if (!counts(family)) return [];
      const before = valuesOf(earlier.get(name));
      const grown = [...valuesOf(family)]
        .map(([series, value]) => [series, value - (before.get(series) ?? 0)] as const)
        .filter(([, more]) => more > 0);
      return grown.length === 0 ? [] : [[name, withValues(family, grown)] as const];
    }),
  );

/** A text with counts of the same series added to its own; series that it lacks come after. */
export const plus = (text: Families, more: Families): Families => {
  const sum = new Map(text);
  for (const [name, family] of more) {
    const own = text.get(name);
    const values = valuesOf(own);
    for (const [series, value] of valuesOf(family)) values.set(series, (values.get(series) ?? 0) + value);
    sum.set(name, withValues(own ?? family, values));
  }
  return sum;
};

/** A text with the counts of another one in place of its own; gauges and the like stay as they are. */
export const withCountsOf = (counted: Families, text: Families): Families =>
  new Map(
    [...text].flatMap(([name, family]) => {
      const told = counts(family) ? counted.get(name) : family;
      return told === undefined ? [] : [[name, told] as const];
    }),
  );

const counts = ({ type }: Family): boolean => type === 'counter' || type === 'histogram';

/** By series: a line up to its value. */
const valuesOf = (family: Family | undefined): Map<string, number> =>
  new Map(
    (family?.samples ?? [])
      .flatMap((lines) => lines.trimEnd().split('\n'))
      .map((line) => {
        const end = line.lastIndexOf(' ');
        return [line.slice(0, end), Number(line.slice(end + 1))] as const;
      }),
  );

const withValues = (family: Family, values: Iterable<readonly [string, number]>): Family => ({
  ...family,
  samples: [...values].map(([series, value]) => `${series} ${value}\n`),
});
