/** Whether a cached score of a given age may answer: RFC 9111 freshness and RFC 5861 stale-if-error. */

import type { CacheTerms } from './scoring.ts';

export interface Lifetime {
  /** How long a score is fresh, milliseconds. */
  readonly ttlMs: number;
  /** How long after that it may still stand in for a failing upstream, milliseconds. */
  readonly staleMs: number;
}

/** `fresh` answers at once, `stale` only when the upstream fails, `unusable` not at all. */
export type Freshness = 'fresh' | 'stale' | 'unusable';

export const freshness = (ageMs: number, { ttlMs, staleMs }: Lifetime, terms: CacheTerms): Freshness => {
  if (!terms.read) return 'unusable';
  if (ageMs <= Math.min(ttlMs, terms.maxAgeMs)) return 'fresh';
  return terms.staleIfError && ageMs <= ttlMs + staleMs ? 'stale' : 'unusable';
};
