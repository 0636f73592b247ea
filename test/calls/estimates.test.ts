import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Estimates, sizeOf } from '../../src/calls/estimates.ts';

const MODEL = 'cohere-embed-multilingual';

describe('the estimate of a call', () => {
  test('of a model that nobody has asked is a token for every other byte', () => {
    expect(new Estimates().of(MODEL, sizeOf(['ü'.repeat(50), 'a'.repeat(100)]))).toBe(100);
  });

  test('comes near what calls of this model cost, and follows when texts are of another kind', () => {
    const estimates = new Estimates();
    const size = { items: 96, bytes: 50_000 };
    for (const rate of [0.2, 0.6]) {
      for (let call = 0; call < 20; call++) estimates.learn(MODEL, size, rate * size.bytes);
      expect(estimates.of(MODEL, size) / (rate * size.bytes)).toBeCloseTo(1, 1);
    }
    expect(estimates.of('another', size)).toBe(25_000);
  });

  test('is never less than an item each, and finite whatever the upstream bills', () => {
    const calls = fc.array(
      fc.record({
        size: fc.record({ items: fc.nat({ max: 96 }), bytes: fc.nat({ max: 200_000 }) }),
        spent: fc.oneof(fc.nat(), fc.double()),
      }),
    );
    fc.assert(
      fc.property(calls, (all) => {
        const estimates = new Estimates();
        for (const { size, spent } of all) {
          estimates.learn(MODEL, size, Number.isFinite(spent) ? spent : 0);
          expect(estimates.of(MODEL, size)).toBeGreaterThanOrEqual(size.items);
        }
      }),
    );
  });
});
