import { describe, expect, test } from 'vitest';
import { median, quantile } from './statistics.ts';

describe('the median', () => {
  test('is the middle value of an odd number of values, in whatever order', () => {
    expect(median([30, 1, 2])).toBe(2);
  });

  test('is the mean of the two in the middle of an even number', () => {
    expect(median([10, 1, 3, 2])).toBe(2.5);
  });

  test('orders numbers as numbers', () => {
    expect(median([100, 9, 10])).toBe(10);
  });

  test('is not a number when there is nothing to look at', () => {
    expect(median([])).toBeNaN();
  });
});

describe('a quantile', () => {
  const hundred = Array.from({ length: 100 }, (_, i) => 100 - i);

  test('is a value that occurred, with that share of the values below it', () => {
    expect(quantile(hundred, 0.25)).toBe(26);
    expect(quantile(hundred, 0.99)).toBe(100);
  });

  test('of everything is the largest value', () => {
    expect(quantile(hundred, 1)).toBe(100);
  });

  test('is not a number when there is nothing to look at', () => {
    expect(quantile([], 0.5)).toBeNaN();
  });
});
