import fc from 'fast-check';
import { expect, test } from 'vitest';
import { wholeSeconds } from '../../src/calls/whole-seconds.ts';

test('a wait is never told as less than it is, by more than half a millisecond, nor as a second more', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1e9, noNaN: true }), (ms) => {
      const told = 1000 * wholeSeconds(ms);
      expect(told).toBeGreaterThanOrEqual(ms - 0.5);
      expect(told).toBeLessThan(ms + 1000.5);
    }),
  );
});

test('a minute from any moment on is sixty seconds, however its end was added up', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1e9, noNaN: true }), (now) => {
      expect(wholeSeconds(now + 60_000 - now)).toBe(60);
    }),
  );
});
