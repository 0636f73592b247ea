import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Freshness, freshness } from '../../src/cache/freshness.ts';
import type { CacheDirectives } from '../../src/calls/call.ts';
import { CACHE_TERMS } from '../support/fakes.ts';

/** Fresh for 100 ms, for 10 ms more better than a wait, and for 40 more better than an error. */
const LIFETIME = { ttlMs: 100, staleMs: 50 };

const stateOf = (age: number, terms: Partial<CacheDirectives> = {}, lifetime = LIFETIME): Freshness =>
  freshness(age, lifetime, { ...CACHE_TERMS, ...terms });

describe('a score', () => {
  test.each<[age: number, expected: Freshness, terms: Partial<CacheDirectives>]>([
    [0, 'fresh', {}],
    [100, 'fresh', {}],
    [101, 'renewable', {}],
    [110, 'renewable', {}],
    [111, 'stale', {}],
    [150, 'stale', {}],
    [151, 'unusable', {}],
    [Number.POSITIVE_INFINITY, 'unusable', {}],
    // The clocks of two processes differ: what was scored "in the future" is new.
    [-30, 'fresh', {}],
    [0, 'unusable', { read: false }],
    [105, 'unusable', { read: false }],
    [120, 'unusable', { read: false }],
    [101, 'unusable', { staleIfError: false }],
    [100, 'fresh', { staleIfError: false }],
    [0, 'fresh', { maxAgeMs: 0 }],
    // Older than the caller would have it: no answer at once, though better than none.
    [1, 'stale', { maxAgeMs: 0 }],
    [105, 'stale', { maxAgeMs: 104 }],
    [1, 'unusable', { maxAgeMs: 0, staleIfError: false }],
    [40, 'fresh', { maxAgeMs: 40 }],
    [41, 'unusable', { maxAgeMs: 40, staleIfError: false }],
    // A caller’s max-age only narrows: it never makes fresh what the gateway calls stale.
    [101, 'renewable', { maxAgeMs: 10_000 }],
    [120, 'stale', { maxAgeMs: 10_000 }],
    [151, 'unusable', { maxAgeMs: 10_000 }],
    [50, 'fresh', { forward: false }],
    [50, 'fresh', { write: false }],
  ])('of %d ms is %s under %j', (age, expected, terms) => {
    expect(stateOf(age, terms)).toBe(expected);
  });

  test('never answers past its freshness where the lifetime has no time for that', () => {
    expect(stateOf(101, {}, { ttlMs: 100, staleMs: 0 })).toBe('unusable');
  });

  test('answers late no longer than it may stand in for an error', () => {
    expect(stateOf(105, {}, { ttlMs: 100, staleMs: 5 })).toBe('renewable');
    expect(stateOf(106, {}, { ttlMs: 100, staleMs: 5 })).toBe('unusable');
  });

  test('is never worth more when it is older', () => {
    const worth: readonly Freshness[] = ['unusable', 'stale', 'renewable', 'fresh'];
    const ms = fc.nat({ max: 300 });
    const terms = fc.record({
      read: fc.boolean(),
      staleIfError: fc.boolean(),
      maxAgeMs: fc.oneof(fc.constant(Number.POSITIVE_INFINITY), ms),
    });
    fc.assert(
      fc.property(ms, ms, ms, ms, terms, (ttlMs, staleMs, one, other, cache) => {
        const [younger, older] = [Math.min(one, other), Math.max(one, other)].map((age) =>
          worth.indexOf(stateOf(age, cache, { ttlMs, staleMs })),
        );
        expect(older).toBeLessThanOrEqual(younger!);
      }),
    );
  });
});
