/** How the caches took part in an answer: `Cache-Status` (RFC 9211). */

import type { Served } from '../calls/outcome.ts';
import type { Scores } from '../calls/scoring.ts';

const CACHE_NAME = 'rerank-gateway';

const STATUS: Readonly<Record<Served, string>> = {
  hit: 'hit',
  stale: 'hit; fwd=stale',
  partial: 'fwd=partial',
  miss: 'fwd=miss',
  bypass: 'fwd=bypass',
};

export const cacheStatus = (scores: Scores, served: Served): string => {
  const isHit = served === 'hit' || served === 'stale';
  const parts = [CACHE_NAME, STATUS[served]];
  if (scores.sources.includes('joined')) parts.push('collapsed');
  if (scores.stored) parts.push('stored');
  if (isHit) parts.push(`detail=${scores.sources.includes('redis') ? 'redis' : 'memory'}`);
  return parts.join('; ');
};
