import { describe, expect, it } from 'vitest';
import { type FleetBed, type FleetBedOptions, startFleetBed, throttled } from '../support/fleet-bed.ts';
import { COHERE, KEYS } from '../support/gateway.ts';
import { ask, startLoad } from '../support/load.ts';
import { quantile } from '../support/statistics.ts';

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const withFleet = async (options: FleetBedOptions, use: (bed: FleetBed) => Promise<void>): Promise<void> => {
  const bed = await startFleetBed(options);
  try {
    await use(bed);
  } finally {
    await bed.stop();
  }
};

/** Each of them reads two values; asking whether a pair is known, which the refused do again, does not. */
const pacingScripts = async ({ redis }: FleetBed): Promise<number> => (await redis.commandCount('get')) / 2;

/** A minute's window at the real rate: 250 calls. */
const REAL = { limit: 250, windowMs: 60_000, latencyMs: [100, 300] } as const;

// At once: some calls a second are no work.
describe('waiting for a slot', () => {
  it.concurrent('costs a handful of Redis commands a second, however many wait', async () => {
    const SECONDS = 5;
    await withFleet({ processes: 2, limit: 10, windowMs: 5000, latencyMs: [100, 300] }, async (bed) => {
      const perSecond: number[] = [];
      for (const callers of [15, 30]) {
        const load = startLoad({ urls: bed.urls, key: KEYS.search, model: COHERE, callers });
        await pause(3000);
        const before = await pacingScripts(bed);
        await pause(SECONDS * 1000);
        perSecond.push(((await pacingScripts(bed)) - before) / SECONDS / bed.gateways.length);
        await load.abandon();
        expect(load.answers.filter(({ status }) => status !== 200)).toEqual([]);
      }
      // Four beats a second at most, and for each place the arrival, a look when it is due, the grant and the end.
      for (const rate of perSecond) expect(rate).toBeLessThanOrEqual(10);
      expect(perSecond[1]! / perSecond[0]!).toBeLessThan(1.5);
    });
  });

  it.concurrent.each([1, 3])('ends within 50 ms of a place coming free (%i processes)', async (processes) => {
    const [limit, windowMs] = [5, 1500];
    await withFleet({ processes, limit, windowMs, latencyMs: [50, 50] }, async (bed) => {
      const load = startLoad({ urls: bed.urls, key: KEYS.search, model: COHERE, callers: 9 });
      await pause(6 * windowMs);
      await load.abandon();
      const { calls } = bed.simulator;
      const idle = calls.flatMap(({ at }, i) => {
        const freed = calls[i - limit]?.finishedAt;
        // The first two windows are about a burst, and about spaces.
        return freed === undefined || i < 3 * limit ? [] : [at - (freed + windowMs)];
      });
      expect(idle.length).toBeGreaterThan(limit);
      expect(quantile(idle, 0.5)).toBeLessThanOrEqual(50);
      expect(throttled(bed.simulator)).toBe(0);
    });
  });
});

describe('an idle fleet', () => {
  it('passes a burst of four fifths of the limit at once, refusing none', async () => {
    await withFleet({ processes: 2, ...REAL }, async (bed) => {
      // It knows what the upstream counts, since it has made a call.
      const one = (i: number, wait?: number) =>
        ask(bed.gateways[i % 2]!.url, { key: KEYS.search, model: COHERE, wait });
      await one(0);
      const burst = 0.8 * REAL.limit - 1;
      const answers = await Promise.all(Array.from({ length: burst }, (_, i) => one(i)));
      expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
      // None of them came by one of the spaced places, which are 1.2 s apart.
      const arrivals = bed.simulator.calls.slice(1).map(({ at }) => at);
      expect(arrivals.at(-1)! - arrivals[0]!).toBeLessThan(10_000);
    });
  });
});

describe('a fleet that is asked for more than it has by callers who come back at once', () => {
  it('grants the burst none the slower for it', async () => {
    await withFleet({ processes: 2, ...REAL, env: { MAX_WAIT_MS: '3000' } }, async (bed) => {
      await ask(bed.gateways[0]!.url, { key: KEYS.search, model: COHERE });
      const load = startLoad({ urls: bed.urls, key: KEYS.search, model: COHERE, callers: 300 });
      await pause(8000);
      const refused = load.answers.filter(({ status }) => status === 429).length;
      await load.abandon();
      const arrivals = bed.simulator.calls.slice(1).map(({ at }) => at);
      expect(refused).toBeGreaterThan(300);
      expect(arrivals[0.8 * REAL.limit - 2]! - arrivals[0]!).toBeLessThan(5000);
      expect(throttled(bed.simulator)).toBe(0);
    });
  });
});

describe('a service that asks now and then', () => {
  it('waits but a moment, though another saturates every process', async () => {
    const windowMs = 12_000;
    await withFleet({ processes: 3, limit: 250, windowMs, latencyMs: [5, 60] }, async (bed) => {
      const load = startLoad({ urls: bed.urls, key: KEYS.evaluation, model: COHERE, callers: 400 });
      await pause(2000);
      const single: ReturnType<typeof ask>[] = [];
      for (let i = 0; i < 60; i++) {
        const url = bed.gateways[i % 3]!.url;
        single.push(ask(url, { key: KEYS.search, model: COHERE }));
        await pause(windowMs / 30);
      }
      const waits = (await Promise.all(single)).map(({ queueMs }) => queueMs ?? windowMs);
      await load.abandon();
      expect(quantile(waits, 0.95)).toBeLessThanOrEqual(0.05 * windowMs);
    });
  });
});
