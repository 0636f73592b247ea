import fc from 'fast-check';
import { expect, test } from 'vitest';
import { UsualCall } from '../../../src/pacing/queue/usual-call.ts';

const seen = (times: readonly number[]): UsualCall => {
  const usual = new UsualCall();
  for (const ms of times) usual.lasted(ms);
  return usual;
};

test('a latency is a guess before any was seen, then what was seen, and follows it', () => {
  expect(seen([]).ms).toBe(300);
  expect(seen([100]).ms).toBe(100);
  expect(seen([100, ...new Array(60).fill(200)]).ms).toBeCloseTo(200, 0);
});

test('hardly any call takes longer than the most that is expected', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 150, max: 400 }), { minLength: 100, maxLength: 300 }), (times) => {
      const latency = seen(times);
      expect(latency.mostMs).toBeGreaterThanOrEqual(latency.ms);
      expect(latency.mostMs).toBeLessThan(400 + 3 * 250);
    }),
  );
  const steady = seen(new Array(100).fill(200));
  expect(steady.mostMs).toBeCloseTo(200, 0);
  const spread = seen(Array.from({ length: 200 }, (_, i) => 150 + 100 * ((i * 37) % 50) * 0.02));
  expect(spread.mostMs).toBeGreaterThan(248);
});
