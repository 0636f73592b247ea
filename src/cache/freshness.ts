/** Whether a cached score of a given age may answer: RFC 9111 freshness, and the two ways of RFC 5861 to answer late. */

import type { CacheDirectives } from '../calls/call.ts';

export interface Lifetime {
  /** How long a score is fresh, milliseconds. */
  readonly ttlMs: number;
  /** How long after that it may still stand in for a failing upstream, milliseconds. */
  readonly staleMs: number;
}

/**
 * `fresh` answers at once, `renewable` too, while it is scored anew in the background; `stale` answers only when the
 * upstream fails, `unusable` not at all.
 */
export type Freshness = 'fresh' | 'renewable' | 'stale' | 'unusable';

/**
 * Share of its freshness for which a score still answers at once afterwards (stale-while-revalidate). Long enough for
 * whatever is asked all the time to be renewed without anybody waiting; short beside the age that was allowed anyway.
 */
const RENEWABLE_SHARE = 0.1;

/**
 * What comes from later than this is not fresh, but wrong: a clock was set back, or somebody else has written it.
 * Milliseconds; clocks of machines differ by less.
 */
export const MAX_SKEW_MS = 60_000;

export const freshness = (ageMs: number, { ttlMs, staleMs }: Lifetime, terms: CacheDirectives): Freshness => {
  if (!terms.read || ageMs < -MAX_SKEW_MS) return 'unusable';
  if (ageMs <= Math.min(ttlMs, terms.maxAgeMs)) return 'fresh';
  const lateMs = ageMs - ttlMs;
  if (!terms.staleIfError || lateMs > staleMs) return 'unusable';
  return ageMs <= terms.maxAgeMs && lateMs <= RENEWABLE_SHARE * ttlMs ? 'renewable' : 'stale';
};
