import { describe, expect, test } from 'vitest';
import { type Freshness, freshness } from '../../src/rerank/freshness.ts';
import type { CacheTerms } from '../../src/rerank/scoring.ts';
import { CACHE_TERMS } from '../support/fakes.ts';

/** Fresh for 100 ms, and for 50 ms more better than an error. */
const LIFETIME = { ttlMs: 100, staleMs: 50 };

describe('a score', () => {
  test.each<[age: number, expected: Freshness, terms: Partial<CacheTerms>]>([
    [0, 'fresh', {}],
    [100, 'fresh', {}],
    [101, 'stale', {}],
    [150, 'stale', {}],
    [151, 'unusable', {}],
    [Number.POSITIVE_INFINITY, 'unusable', {}],
    // The clocks of two processes differ: what was scored "in the future" is new.
    [-30, 'fresh', {}],
    [0, 'unusable', { read: false }],
    [120, 'unusable', { read: false }],
    [101, 'unusable', { staleIfError: false }],
    [100, 'fresh', { staleIfError: false }],
    [0, 'fresh', { maxAgeMs: 0 }],
    [1, 'stale', { maxAgeMs: 0 }],
    [1, 'unusable', { maxAgeMs: 0, staleIfError: false }],
    [40, 'fresh', { maxAgeMs: 40 }],
    [41, 'unusable', { maxAgeMs: 40, staleIfError: false }],
    // A caller’s max-age only narrows: it never makes fresh what the gateway calls stale.
    [101, 'stale', { maxAgeMs: 10_000 }],
    [151, 'unusable', { maxAgeMs: 10_000 }],
    [50, 'fresh', { forward: false }],
    [50, 'fresh', { write: false }],
  ])('of %d ms is %s under %j', (age, expected, terms) => {
    expect(freshness(age, LIFETIME, { ...CACHE_TERMS, ...terms })).toBe(expected);
  });

  test('never stands in for an error where the lifetime has no time for that', () => {
    expect(freshness(101, { ttlMs: 100, staleMs: 0 }, CACHE_TERMS)).toBe('unusable');
  });
});
