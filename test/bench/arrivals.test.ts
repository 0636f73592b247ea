import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Arrival, judge, type Trial } from './arrivals.ts';

const TRIAL: Trial = { limit: 10, windowMs: 1000, windows: 3, burst: ['first', 'second'] };

const arrival = (at: number, more: Partial<Arrival> = {}): Arrival => ({
  at,
  query: `asked at ${at}`,
  refused: false,
  ...more,
});

const evenly = (count: number, everyMs: number): Arrival[] =>
  Array.from({ length: count }, (_, i) => arrival(i * everyMs));

describe('the verdict on a limiter', () => {
  test('is that all is used, and nothing passed, when calls go evenly at the pace of the limit', () => {
    expect(judge(evenly(30, 100), TRIAL)).toMatchObject({ most: 10, used: 1, refused: 0 });
  });

  test('finds the most calls across the edges of windows', () => {
    const twoBursts = [...Array(10).fill(arrival(990)), ...Array(10).fill(arrival(1010))] as Arrival[];
    expect(judge(twoBursts, TRIAL)).toMatchObject({ most: 20, used: 0.5 });
  });

  test('counts what was refused as sent, not as used', () => {
    const refused = arrival(1500, { refused: true });
    expect(judge([arrival(1400), refused, refused], TRIAL)).toMatchObject({
      most: 3,
      used: 0.05,
      refused: 2,
    });
  });

  test('does not count the first window, or what came after the load, as used', () => {
    const moments = [0, 999.9, 1000, 2999.9, 3000].map((at) => arrival(at));
    expect(judge(moments, TRIAL).used).toBe(0.1);
  });

  test('tells when the last of a burst had arrived for the first time', () => {
    const calls = [
      arrival(5, { query: 'first' }),
      arrival(70, { query: 'second', refused: true }),
      arrival(900, { query: 'second' }),
      arrival(950),
    ];
    expect(judge(calls, TRIAL).burstP99Ms).toBe(70);
  });

  test('is that a burst never passed when some of it never arrived', () => {
    expect(judge([arrival(5, { query: 'first' })], TRIAL).burstP99Ms).toBe(Number.POSITIVE_INFINITY);
  });

  test('does not depend on the order in which calls are listed', () => {
    const calls = fc.array(
      fc.record({
        at: fc.integer({ min: 0, max: 3500 }),
        query: fc.constantFrom('first', 'second', 'third'),
        refused: fc.boolean(),
      }),
    );
    const shuffled = calls.chain((listed) =>
      fc.tuple(fc.constant(listed), fc.shuffledSubarray(listed, { minLength: listed.length })),
    );
    fc.assert(
      fc.property(shuffled, ([listed, other]) => {
        expect(judge(other, TRIAL)).toEqual(judge(listed, TRIAL));
      }),
    );
  });
});
