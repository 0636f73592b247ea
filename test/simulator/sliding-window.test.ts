import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SlidingWindow } from '../../src/simulator/sliding-window.ts';

/** Most calls in any window (t − windowMs, t]: those that end at a call suffice. */
const mostInAnyWindow = (admitted: readonly number[], windowMs: number): number =>
  Math.max(0, ...admitted.map((end) => admitted.filter((at) => at <= end && end - at < windowMs).length));

const limit = fc.integer({ min: 0, max: 6 });
const windowMs = fc.integer({ min: 1, max: 30 });
const pauses = fc.array(fc.integer({ min: 0, max: 12 }), { maxLength: 80 });

const times = (pauses: readonly number[]): number[] => {
  let now = 0;
  return pauses.map((pause) => (now += pause));
};

describe('calls in order of arrival', () => {
  test('exactly those are let in that find fewer than the limit in the window that ends with them', () => {
    fc.assert(
      fc.property(limit, windowMs, pauses, (limit, windowMs, pauses) => {
        const window = new SlidingWindow(limit, windowMs);
        const admitted: number[] = [];
        for (const at of times(pauses)) {
          const inside = admitted.filter((other) => other > at - windowMs && other <= at).length;
          expect(window.take(at)).toBe(inside < limit);
          if (inside < limit) admitted.push(at);
        }
      }),
    );
  });

  test('the state counts what is inside and says when the oldest leaves', () => {
    fc.assert(
      fc.property(limit, windowMs, pauses, (limit, windowMs, pauses) => {
        const window = new SlidingWindow(limit, windowMs);
        const admitted: number[] = [];
        for (const at of times(pauses)) {
          if (window.take(at)) admitted.push(at);
          const inside = admitted.filter((other) => other > at - windowMs);
          expect(window.state(at)).toEqual({
            limit,
            remaining: limit - inside.length,
            resetMs: inside.length === 0 ? 0 : Math.min(...inside) + windowMs - at,
          });
        }
      }),
    );
  });

  test('a full window takes the next call at the very moment its oldest leaves', () => {
    const window = new SlidingWindow(2, 1000);
    expect([0, 400, 999.999, 1000, 1399, 1400].map((at) => window.take(at))).toEqual([
      true,
      true,
      false,
      true,
      false,
      true,
    ]);
  });

  test('looking at the state changes nothing', () => {
    const window = new SlidingWindow(1, 1000);
    expect(window.state(5)).toEqual({ limit: 1, remaining: 1, resetMs: 0 });
    expect(window.take(5)).toBe(true);
    expect(window.state(1004).remaining).toBe(0);
    expect(window.state(1005).remaining).toBe(1);
  });
});

describe('calls reported late', () => {
  /** Each with how much later than its arrival it is reported, at most one window. */
  const late = fc.tuple(limit, windowMs).chain(([limit, windowMs]) =>
    fc.tuple(
      fc.constant(limit),
      fc.constant(windowMs),
      fc.array(fc.tuple(fc.integer({ min: 0, max: 12 }), fc.integer({ min: 0, max: windowMs })), {
        maxLength: 80,
      }),
    ),
  );

  test('one is let in exactly when no window then holds more than the limit', () => {
    fc.assert(
      fc.property(late, ([limit, windowMs, steps]) => {
        const window = new SlidingWindow(limit, windowMs);
        const arrivals = times(steps.map(([pause]) => pause)).map((at, i) => ({
          at,
          reported: at + steps[i]![1],
        }));
        const admitted: number[] = [];
        for (const { at } of arrivals.toSorted((a, b) => a.reported - b.reported)) {
          const fits = mostInAnyWindow([...admitted, at], windowMs) <= limit;
          expect(window.take(at)).toBe(fits);
          if (fits) admitted.push(at);
        }
        expect(mostInAnyWindow(admitted, windowMs)).toBeLessThanOrEqual(limit);
      }),
    );
  });

  test('calls that left the window by now still count for one that arrived beside them', () => {
    const window = new SlidingWindow(2, 10);
    expect([0, 1, 11].map((at) => window.take(at))).toEqual([true, true, true]);
    expect(window.take(2)).toBe(false);
  });
});
