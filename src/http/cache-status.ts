/** How the caches took part in an answer: `Cache-Status` (RFC 9211). */

import type { ItemReply } from '../calls/call.ts';
import type { Served } from '../calls/outcome.ts';

const CACHE_NAME = 'rerank-gateway';

const STATUS: Readonly<Record<Served, string>> = {
  hit: 'hit',
  stale: 'hit; fwd=stale',
  partial: 'fwd=partial',
  miss: 'fwd=miss',
  bypass: 'fwd=bypass',
};

export const cacheStatus = (
  reply: Pick<ItemReply, 'sources' | 'stale' | 'stored'>,
  served: Served,
): string => {
  const isHit = served === 'hit' || served === 'stale';
  const parts = [CACHE_NAME, STATUS[served]];
  if (reply.sources.includes('joined')) parts.push('collapsed');
  if (reply.stored) parts.push('stored');
  if (isHit) parts.push(`detail=${reply.sources.includes('redis') ? 'redis' : 'memory'}`);
  return parts.join('; ');
};
