/** How many of a reply's values came from where. */

import type { Source } from './call.ts';

export type SourceCounts = Readonly<Partial<Record<Source, number>>>;

/** Counts in runs: usually all sources are one. */
export const countsOf = (sources: readonly Source[]): SourceCounts => {
  const counts: Partial<Record<Source, number>> = {};
  for (let from = 0, to = 0; from < sources.length; from = to) {
    const source = sources[from]!;
    while (sources[to] === source) to++;
    counts[source] = (counts[source] ?? 0) + to - from;
  }
  return counts;
};
