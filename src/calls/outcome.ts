/** The outcome of an answered request, by the sources of its values. */

import type { ItemReply, Source } from './call.ts';

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

/** @param bypass the caller or the model's configuration turned the caches off */
export const outcomeOf = (reply: Pick<ItemReply, 'sources' | 'stale'>, bypass: boolean): Served => {
  const isHit = reply.sources.every(isCached);
  // Only when all values are cached: an answer that needed a call is `partial` or `miss`, even if some of its values are stale.
  if (isHit && reply.stale) return 'stale';
  if (bypass) return 'bypass';
  if (isHit) return 'hit';
  return reply.sources.some(isCached) ? 'partial' : 'miss';
};
