import { describe, expect, it } from 'vitest';
import { startFleetBed, throttled } from '../support/fleet-bed.ts';
import { COHERE, KEYS } from '../support/gateway.ts';
import { startLoad } from '../support/load.ts';
import { mostInAnyWindow } from '../support/sliding.ts';

const LIMIT = 50;
const WINDOW_MS = 2000;
const WINDOWS = 4;

describe('a saturated fleet', () => {
  it.each([1, 2, 4, 8])('of %i processes never passes the limit, and uses it', async (processes) => {
    const bed = await startFleetBed({
      processes,
      limit: LIMIT,
      windowMs: WINDOW_MS,
      latencyMs: [5, 800],
    });
    try {
      const load = startLoad({ urls: bed.urls, key: KEYS.search, model: COHERE, callers: 2 * LIMIT });
      await new Promise((resolve) => setTimeout(resolve, WINDOWS * WINDOW_MS));
      await load.abandon();

      const arrivals = bed.simulator.calls.map(({ at }) => at);
      expect(mostInAnyWindow(arrivals, WINDOW_MS)).toBeLessThanOrEqual(LIMIT);
      expect(throttled(bed.simulator)).toBe(0);
      const start = arrivals[0]!;
      const steady = arrivals.filter((at) => at >= start + WINDOW_MS && at < start + WINDOWS * WINDOW_MS);
      // An entry is held for a window and its call: with calls of 0.4 s in windows of 2 s that is five sixths.
      expect(steady.length / ((WINDOWS - 1) * LIMIT)).toBeGreaterThan(0.6);
      expect(load.answers.filter(({ status }) => status !== 200)).toEqual([]);
    } finally {
      await bed.stop();
    }
  });

  it('asks Redis only a handful of times a second while it waits', async () => {
    const bed = await startFleetBed({ processes: 1, limit: 10, windowMs: 4000, latencyMs: [5, 20] });
    try {
      const load = startLoad({ urls: bed.urls, key: KEYS.search, model: COHERE, callers: 60 });
      await new Promise((resolve) => setTimeout(resolve, 1500));
      const before = await bed.redis.commandCount('evalsha');
      await new Promise((resolve) => setTimeout(resolve, 2000));
      const during = (await bed.redis.commandCount('evalsha')) - before;
      // Places that come free, their answers, and the waits between: not the sixty callers.
      expect(during).toBeLessThanOrEqual(40);
      await load.abandon();
    } finally {
      await bed.stop();
    }
  });
});
