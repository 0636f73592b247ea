import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { RecentCalls } from '../../../src/pacing/queue/recent-calls.ts';

const seen = (times: readonly number[]): RecentCalls => {
  const recent = new RecentCalls(1000);
  for (const ms of times) recent.lasted(ms);
  return recent;
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

const PERIOD_MS = 1000;

/** Calls of which none has ended: each is taken to last 0.3 s. */
const recent = (): RecentCalls => new RecentCalls(PERIOD_MS - 300);

describe('the rate at which a client brings calls', () => {
  it('is that of a client that goes on as it did, whatever else others bring', () => {
    const calls = recent();
    for (let at = 20; at <= 2000; at += 20) {
      calls.came('search', at);
      if (at % 200 === 0) calls.came('chatbot', at);
    }
    expect([45, 50, 55]).toContain(5 * Math.round(calls.within('search', PERIOD_MS, 2000) / 5));
    expect(calls.within('chatbot', PERIOD_MS, 2000)).toBeGreaterThan(3);
    expect(calls.within('chatbot', PERIOD_MS, 2000)).toBeLessThan(9);
    expect(calls.within('search', PERIOD_MS / 2, 2000)).toBeCloseTo(
      calls.within('search', PERIOD_MS, 2000) / 2,
    );
  });

  it('follows what the client does now within part of a period', () => {
    const calls = recent();
    for (let at = 0; at <= 1000; at += 50) calls.came('search', at);
    for (let at = 1000; at <= 1500; at += 10) calls.came('search', at);
    expect(calls.within('search', PERIOD_MS, 1500)).toBeGreaterThan(80);
    expect(calls.within('search', PERIOD_MS, 2500)).toBeLessThan(1);
  });

  it('is none of a client that has brought nothing for long, of which nothing is kept', () => {
    const calls = recent();
    calls.came('search', 0);
    expect([...calls.clients(100)]).toEqual(['search']);
    expect([...calls.clients(2 * PERIOD_MS)]).toEqual([]);
    expect(calls.within('search', PERIOD_MS, 2 * PERIOD_MS)).toBe(0);
  });
});
