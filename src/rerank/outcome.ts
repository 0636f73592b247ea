/** What became of an answered request, told by where its scores came from. */

import type { Scores, Source } from './scoring.ts';

export const OUTCOMES = [
  'hit',
  'partial',
  'miss',
  'stale',
  'bypass',
  'rejected',
  'invalid',
  'error',
] as const;
export type Outcome = (typeof OUTCOMES)[number];

export type Served = Extract<Outcome, 'hit' | 'partial' | 'miss' | 'stale' | 'bypass'>;

const isCached = (source: Source): boolean => source === 'memory' || source === 'redis';

/** @param bypass the caller or the model's configuration kept the caches out of it */
export const outcomeOf = (scores: Scores, bypass: boolean): Served => {
  if (scores.stale) return 'stale';
  if (bypass) return 'bypass';
  const cached = scores.sources.filter(isCached).length;
  if (cached === scores.sources.length) return 'hit';
  return cached === 0 ? 'miss' : 'partial';
};
