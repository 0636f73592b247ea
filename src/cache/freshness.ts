/** Whether a cached value of a given age may answer: RFC 9111 freshness, and the two ways of RFC 5861 to answer late. */

import type { CacheDirectives } from '../calls/call.ts';

export interface Lifetime {
  /** How long a value is fresh, milliseconds. */
  readonly ttlMs: number;
  /** For how long after that it may still answer when the upstream fails, milliseconds. */
  readonly staleMs: number;
}

/**
 * `fresh` answers at once; so does `renewable`, while a new value is obtained in the background. `stale` answers only when
 * the upstream fails, `unusable` never.
 */
export type Freshness = 'fresh' | 'renewable' | 'stale' | 'unusable';

/**
 * For this share of its lifetime a value still answers at once after its freshness has ended (stale-while-revalidate). Long
 * enough that frequent questions are renewed without a caller waiting; short beside the age that is allowed anyway.
 */
const RENEWABLE_SHARE = 0.1;

/**
 * A value from further in the future than this is not fresh but wrong: a clock was set back, or another program has written
 * it. Milliseconds; clocks of machines differ by less.
 */
export const MAX_SKEW_MS = 60_000;

export const freshness = (ageMs: number, { ttlMs, staleMs }: Lifetime, terms: CacheDirectives): Freshness => {
  if (!terms.read || ageMs < -MAX_SKEW_MS) return 'unusable';
  if (ageMs <= Math.min(ttlMs, terms.maxAgeMs)) return 'fresh';
  const lateMs = ageMs - ttlMs;
  if (!terms.staleIfError || lateMs > staleMs) return 'unusable';
  return ageMs <= terms.maxAgeMs && lateMs <= RENEWABLE_SHARE * ttlMs ? 'renewable' : 'stale';
};
