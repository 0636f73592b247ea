import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Estimates, sizeOf } from '../../src/calls/estimates.ts';
import { seededRandom } from '../../src/simulator/random.ts';

const MODEL = 'cohere-embed-multilingual';
const SIZE = { items: 96, bytes: 50_000 };

describe('the estimate of a call', () => {
  test('of a model that nobody has asked is a token for every byte at most, and likely one for three', () => {
    const estimates = new Estimates();
    expect(estimates.most(MODEL, sizeOf(['ü'.repeat(50), 'a'.repeat(100)]))).toBe(200 + 2 * 4);
    expect(estimates.likely(MODEL, SIZE)).toBe(15_000);
  });

  test('comes near what calls of this model cost, and follows when texts are of another kind', () => {
    const estimates = new Estimates();
    for (const rate of [0.2, 0.6]) {
      for (let call = 0; call < 80; call++) estimates.learn(MODEL, SIZE, rate * SIZE.bytes);
      for (const cost of [estimates.likely(MODEL, SIZE), estimates.most(MODEL, SIZE)]) {
        expect(cost / (rate * SIZE.bytes)).toBeCloseTo(1, 1);
      }
    }
    expect(estimates.most('another', SIZE)).toBe(50_000 + 96 * 4);
  });

  test('is passed by hardly any call where some cost twice as much as others', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const random = seededRandom(seed);
        const estimates = new Estimates();
        let passed = 0;
        for (let call = 0; call < 500; call++) {
          const spent = 0.2 * SIZE.bytes * (1 + random());
          if (estimates.most(MODEL, SIZE) < spent) passed++;
          estimates.learn(MODEL, SIZE, spent);
        }
        expect(passed).toBeLessThanOrEqual(5);
      }),
      { numRuns: 20 },
    );
  });

  test.each([1e9, 1e300, Number.POSITIVE_INFINITY])('is not led astray by a bill of %d tokens', (spent) => {
    const estimates = new Estimates();
    estimates.learn(MODEL, SIZE, spent);
    expect(estimates.likely(MODEL, SIZE)).toBeLessThanOrEqual(SIZE.bytes);
    for (let call = 0; call < 80; call++) estimates.learn(MODEL, SIZE, 0.25 * SIZE.bytes);
    expect(estimates.likely(MODEL, SIZE) / (0.25 * SIZE.bytes)).toBeCloseTo(1, 1);
  });

  test('is never less than an item each, never more than a token a byte, and finite whatever the upstream bills', () => {
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
          expect(estimates.most(MODEL, size)).toBeGreaterThanOrEqual(size.items);
          expect(estimates.most(MODEL, size)).toBeLessThanOrEqual(4 * size.items + size.bytes);
        }
      }),
    );
  });
});
