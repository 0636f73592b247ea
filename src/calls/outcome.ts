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
  const isHit = scores.sources.every(isCached);
  // Some of what a call was made for may be past its freshness, too: the call is what the answer cost.
  if (isHit && scores.stale) return 'stale';
  if (bypass) return 'bypass';
  if (isHit) return 'hit';
  return scores.sources.some(isCached) ? 'partial' : 'miss';
};
