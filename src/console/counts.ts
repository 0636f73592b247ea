/** Sums over the series of a fleet's families: the numbers of `/metrics`, by what one wants to tell apart. */

import type { OfDyno } from '../metrics/families.ts';
import type { Counts } from './shown.ts';

type Labels = Readonly<Record<string, string>>;

const known = new Map<string, Labels>();
/** Each series of a fleet has labels of its own; what is left of former fleets is dropped with all others. */
const MOST_KNOWN = 50_000;

/** The labels of a series as they stand in the text: `client="search",model="a"`. */
const labelsOf = (text: string): Labels => {
  let labels = known.get(text);
  if (labels === undefined) {
    if (known.size >= MOST_KNOWN) known.clear();
    const pairs = [...text.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)];
    labels = Object.fromEntries(pairs.map(([, name = '', value = '']) => [name, value]));
    known.set(text, labels);
  }
  return labels;
};

/** All series of a family, in all processes. */
export const seriesOf = (dynos: readonly OfDyno[], name: string): { labels: Labels; value: number }[] =>
  dynos.flatMap(({ families }) =>
    [...(families.get(`gateway_${name}`)?.series ?? [])].map(([text, [value = 0]]) => ({
      labels: labelsOf(text),
      value,
    })),
  );

/**
 * Of a family's series, the sums by the values of one label, and these by those of another.
 * @param keep undefined: every series
 */
export const sumsBy = (
  dynos: readonly OfDyno[],
  name: string,
  [outer, inner]: readonly [string, string],
  keep: (labels: Labels) => boolean = () => true,
): Record<string, Record<string, number>> => {
  const sums: Record<string, Record<string, number>> = Object.create(null);
  for (const { labels, value } of seriesOf(dynos, name)) {
    if (!keep(labels)) continue;
    sums[labels[outer] ?? ''] ??= Object.create(null) as Record<string, number>;
    const of = sums[labels[outer] ?? '']!;
    of[labels[inner] ?? ''] = (of[labels[inner] ?? ''] ?? 0) + value;
  }
  return sums;
};

export const total = (counts: Counts | undefined): number =>
  Object.values(counts ?? {}).reduce((sum, count) => sum + count, 0);
