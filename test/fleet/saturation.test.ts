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
});
