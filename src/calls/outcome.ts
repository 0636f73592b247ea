/** What became of an answered request, told by where its values came from. */

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

/** @param bypass the caller or the model's configuration kept the caches out of it */
export const outcomeOf = (reply: Pick<ItemReply, 'sources' | 'stale'>, bypass: boolean): Served => {
  const isHit = reply.sources.every(isCached);
  // Some of what a call was made for may be past its freshness, too: the call is what the answer cost.
  if (isHit && reply.stale) return 'stale';
  if (bypass) return 'bypass';
  if (isHit) return 'hit';
  return reply.sources.some(isCached) ? 'partial' : 'miss';
};
