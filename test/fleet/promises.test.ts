import { describe, expect, it } from 'vitest';
import { type FleetBed, startFleetBed, throttled } from '../support/fleet-bed.ts';
import { COHERE, KEYS } from '../support/gateway.ts';
import { type Answered, ask, startLoad } from '../support/load.ts';
import { quantile } from '../support/statistics.ts';

const WINDOW_MS = 6000;
const LIMIT = 60;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

type Service = keyof typeof KEYS;

/** A fleet with ten slots a second, for callers who wait without end. */
const saturated = async (
  processes: number,
  callers: Partial<Record<Service, number>>,
  use: (bed: FleetBed) => Promise<void>,
): Promise<void> => {
  const bed = await startFleetBed({
    processes,
    limit: LIMIT,
    windowMs: WINDOW_MS,
    latencyMs: [50, 250],
    env: { MAX_WAIT_MS: '16000' },
  });
  try {
    const loads = Object.entries(callers).map(([service, callers]) =>
      startLoad({ urls: bed.urls, key: KEYS[service as Service], model: COHERE, callers }),
    );
    await pause(WINDOW_MS + 2000);
    await use(bed);
    await Promise.all(loads.map((load) => load.abandon()));
    expect(throttled(bed.simulator)).toBe(0);
  } finally {
    await bed.stop();
  }
};

interface Logged {
  readonly client: string;
  readonly status: number;
  readonly queueMs: number;
  readonly predictedMs: number;
  readonly waitReason: string;
}

/** What became of the calls that waited, by the gateways' logs. */
const waitsIn = (log: readonly string[]): Logged[] =>
  log
    .filter((line) => line.includes('"msg":"request"'))
    .map((line) => JSON.parse(line) as Logged)
    .filter(({ status, queueMs }) => status === 200 && queueMs !== undefined);

/** How far 95 % of the predictions were off at most, as share of the window. */
const errorOf = (waits: readonly Logged[]): number =>
  quantile(
    waits.map(({ queueMs, predictedMs }) => Math.abs(queueMs - predictedMs)),
    0.95,
  ) / WINDOW_MS;

const FLEETS = [1, 3];

describe('what a saturated fleet says to its callers', () => {
  it.concurrent.each(FLEETS)(
    'of when to come back is true, though others with more patience keep it full (%i processes)',
    async (processes) => {
      await saturated(processes, { evaluation: 50 }, async ({ gateways }) => {
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
    await saturated(processes, { evaluation: 50 }, async ({ gateways }) => {
      await pause(2 * WINDOW_MS);
      // From the first burst on, also of those who were told that they would not wait.
      const waits = waitsIn(gateways.flatMap(({ log }) => log));
      expect(waits.length).toBeGreaterThan(2 * LIMIT);
      expect(errorOf(waits)).toBeLessThan(0.2);
      // Of all who waited, none did so without a reason.
      expect(waits.filter(({ waitReason }) => waitReason === undefined)).toEqual([]);
    });
  });

  it.concurrent('of how long they will wait is true for two services that share it unequally', async () => {
    await saturated(3, { evaluation: 40, search: 12 }, async ({ gateways }) => {
      // Until nobody is served any longer who came before it was known how much either service asks for.
      await pause(2.5 * WINDOW_MS);
      const before = gateways.map(({ log }) => log.length);
      await pause(3 * WINDOW_MS);
      const waits = waitsIn(gateways.flatMap(({ log }, i) => log.slice(before[i])));
      for (const service of ['evaluation', 'search']) {
        const ofService = waits.filter(({ client }) => client === service);
        expect(ofService.length).toBeGreaterThan(LIMIT);
        expect(errorOf(ofService), service).toBeLessThan(0.2);
      }
    });
  });
});
