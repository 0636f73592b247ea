import { describe, expect, it } from 'vitest';
import { type FleetBed, startFleetBed, throttled } from '../support/fleet-bed.ts';
import { COHERE, KEYS } from '../support/gateway.ts';
import { type Answered, ask, startLoad } from '../support/load.ts';

const WINDOW_MS = 6000;
const LIMIT = 60;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const quantile = (values: readonly number[], share: number): number =>
  [...values].sort((a, b) => a - b)[Math.floor(share * (values.length - 1))]!;

/** A fleet with ten slots a second, for fifty callers who wait without end. */
const saturated = async (processes: number, use: (bed: FleetBed) => Promise<void>): Promise<void> => {
  const bed = await startFleetBed({
    processes,
    limit: LIMIT,
    windowMs: WINDOW_MS,
    latencyMs: [50, 250],
    env: { MAX_WAIT_MS: '12000' },
  });
  try {
    const load = startLoad({ urls: bed.urls, key: KEYS.evaluation, model: COHERE, callers: 50 });
    await pause(WINDOW_MS + 2000);
    await use(bed);
    await load.abandon();
    expect(throttled(bed.simulator)).toBe(0);
  } finally {
    await bed.stop();
  }
};

interface Logged {
  readonly status: number;
  readonly queueMs: number;
  readonly predictedMs: number;
  readonly waitReason: string;
}

const FLEETS = [1, 3];

describe('what a saturated fleet says to its callers', () => {
  it.concurrent.each(FLEETS)(
    'of when to come back is true, though others with more patience keep it full (%i processes)',
    async (processes) => {
      await saturated(processes, async ({ gateways }) => {
        const returns: Answered[] = [];
        /** One that will not wait for long, and does as it is told. */
        const obedient = async (query: string): Promise<void> => {
          const anywhere = (): Promise<Answered> => {
            const { url } = gateways[Math.floor(Math.random() * processes)]!;
            return ask(url, { key: KEYS.evaluation, model: COHERE, wait: 2, query });
          };
          const first = await anywhere();
          if (first.status !== 429) return;
          await pause(first.retryAfterMs!);
          returns.push(await anywhere());
        };
        const callers: Promise<void>[] = [];
        for (let i = 0; i < 40; i++) {
          callers.push(obedient(`obedient ${i}`));
          await pause(500);
        }
        await Promise.all(callers);
        expect(returns.length).toBeGreaterThan(20);
        const admitted = returns.filter(({ status }) => status === 200);
        expect(admitted.length / returns.length).toBeGreaterThanOrEqual(0.95);
      });
    },
  );

  it.concurrent.each(FLEETS)('of how long they will wait is true (%i processes)', async (processes) => {
    await saturated(processes, async ({ gateways }) => {
      await pause(2 * WINDOW_MS);
      const waits = gateways
        .flatMap(({ log }) => log)
        .filter((line) => line.includes('"msg":"request"'))
        .map((line) => JSON.parse(line) as Logged)
        .filter(({ status, queueMs }) => status === 200 && queueMs !== undefined);
      // From the first burst on, also of those who were told that they would not wait.
      const errors = waits.map(({ queueMs, predictedMs }) => Math.abs(queueMs - predictedMs));
      expect(waits.length).toBeGreaterThan(2 * LIMIT);
      expect(quantile(errors, 0.95)).toBeLessThan(0.2 * WINDOW_MS);
      // Of all who waited, none did so without a reason.
      expect(waits.filter(({ waitReason }) => waitReason === undefined)).toEqual([]);
    });
  });
});
