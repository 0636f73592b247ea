import fc from 'fast-check';
import { expect, test } from 'vitest';
import { seededRandom } from '../../src/simulator/random.ts';

const first = (count: number, seed: number) => {
  const random = seededRandom(seed);
  return Array.from({ length: count }, random);
};

test('a seed repeats its numbers, all in [0, 1)', () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const numbers = first(50, seed);
      expect(first(50, seed)).toEqual(numbers);
      for (const number of numbers) expect(number >= 0 && number < 1).toBe(true);
    }),
  );
});

test('numbers spread evenly and seeds differ', () => {
  const numbers = first(10_000, 1);
  const mean = numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
  expect(Math.abs(mean - 0.5)).toBeLessThan(0.02);
  expect(first(3, 2)).not.toEqual(first(3, 1));
});
