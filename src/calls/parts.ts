/** Scores for some documents of an ask, and how they make up the scores for all. */

import { NO_TIME, type Scores, type Source, type Timing } from './scoring.ts';

export interface Part {
  /** Which documents of the ask these are: one place for each score. */
  readonly places: readonly number[];
  readonly scores: Scores;
}

/** Puts parts together that name every one of `count` places exactly once. */
export const assemble = (count: number, parts: readonly Part[]): Scores => {
  const values = new Float64Array(count);
  const scoredAt = new Float64Array(count);
  const sources = new Array<Source>(count);
  for (const { places, scores } of parts) {
    for (const [i, place] of places.entries()) {
      values[place] = scores.values[i]!;
      scoredAt[place] = scores.scoredAt[i]!;
      sources[place] = scores.sources[i]!;
    }
  }
  const all = parts.map(({ scores }) => scores);
  return {
    values,
    scoredAt,
    sources,
    searchUnits: all.reduce((sum, { searchUnits }) => sum + searchUnits, 0),
    stale: all.some(({ stale }) => stale),
    stored: all.some(({ stored }) => stored),
    timing: all.map(({ timing }) => timing).reduce(longer, NO_TIME),
    rateLimit: Object.assign({}, ...all.map(({ rateLimit }) => rateLimit)),
  };
};

/** The scores of some places of an ask. What they cost is not divided: `searchUnits` is what this part is billed. */
export const partOf = (scores: Scores, places: readonly number[], searchUnits: number): Scores => ({
  ...scores,
  values: Float64Array.from(places, (place) => scores.values[place]!),
  scoredAt: Float64Array.from(places, (place) => scores.scoredAt[place]!),
  sources: places.map((place) => scores.sources[place]!),
  searchUnits,
});

/** The same scores for somebody who has only joined the call that brought them. */
export const joined = (scores: Scores): Scores => ({
  ...scores,
  sources: scores.sources.map((source): Source => (source === 'upstream' ? 'joined' : source)),
  searchUnits: 0,
  stored: false,
});

/** What was waited for at the same time took as long as the longest of it. */
const longer = (a: Timing, b: Timing): Timing => ({
  cacheMs: Math.max(a.cacheMs, b.cacheMs),
  queueMs: Math.max(a.queueMs, b.queueMs),
  upstreamMs: Math.max(a.upstreamMs, b.upstreamMs),
  wait: (a.wait?.predictedMs ?? -1) >= (b.wait?.predictedMs ?? -1) ? a.wait : b.wait,
});
