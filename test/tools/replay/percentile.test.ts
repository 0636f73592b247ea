import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { percentile } from '../../../src/tools/replay/percentile.ts';

describe('a percentile', () => {
  test('is the value at the nearest rank', () => {
    const values = Array.from({ length: 200 }, (_, i) => 200 - i);
    expect(percentile(values, 50)).toBe(100);
    expect(percentile(values, 99)).toBe(198);
    expect(percentile(values, 100)).toBe(200);
  });

  test('sorts by number, not by text', () => {
    expect(percentile([9, 100, 20], 50)).toBe(20);
  });

  test('of nothing is unknown', () => {
    expect(percentile([], 50)).toBeUndefined();
  });

  test('is the least observed value that so many percent do not exceed', () => {
    const values = fc.array(fc.double({ noNaN: true }), { minLength: 1 });
    fc.assert(
      fc.property(values, fc.integer({ min: 1, max: 100 }), (observed, percent) => {
        const found = percentile(observed, percent)!;
        const notAbove = (limit: number) => observed.filter((value) => value <= limit).length;
        const needed = Math.ceil((percent / 100) * observed.length);
        expect(observed.some((value) => value === found)).toBe(true);
        expect(notAbove(found)).toBeGreaterThanOrEqual(needed);
        expect(observed.filter((value) => value < found).length).toBeLessThan(needed);
      }),
    );
  });
});
