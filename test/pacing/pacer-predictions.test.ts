import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Pacer } from '../../src/pacing/pacer.ts';
import { seededRandom } from '../../src/simulator/random.ts';
import { Circuit } from '../../src/upstream/circuit.ts';
import { Health } from '../../src/upstream/health.ts';
import { quantile } from '../support/statistics.ts';
import { memoryWindow } from './memory-window.ts';

const LIMIT = 60;
const WINDOW_MS = 6000;
/** How long a call lasts, and how long its caller does other things until the next, milliseconds. */
const LATENCY_MS = [50, 250] as const;
const BETWEEN_MS = 10;

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance', 'Date'],
  });
});
afterEach(() => {
  vi.useRealTimers();
});

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const saturatedPacer = (): Pacer => {
  const window = memoryWindow({ limit: LIMIT, windowMs: WINDOW_MS, callTimeoutMs: 12_000 });
  const health = new Health({ attachment: new Circuit(), model: new Circuit() });
  const lanes = [{ attachment: 'LANE', window, health }];
  return new Pacer({ lanes, maxQueue: 500, windowMs: WINDOW_MS, credit: LIMIT / 10 });
};

/** @param callers of each client; each asks again as soon as it is answered. Resolves with how far each wait was off. */
const errorsOf = async (callers: Readonly<Record<string, number>>): Promise<Map<string, number[]>> => {
  const pacer = saturatedPacer();
  const random = seededRandom(1);
  const [least, most] = LATENCY_MS;
  const errors = new Map(Object.keys(callers).map((client) => [client, [] as number[]]));
  let warm = false;
  const caller = async (client: string): Promise<void> => {
    const { signal } = new AbortController();
    for (;;) {
      const asked = performance.now();
      const judged = warm;
      const slot = await pacer.acquire({ client, urgency: 3, deadline: asked + 60_000, signal });
      const waitMs = performance.now() - asked;
      if (judged) errors.get(client)!.push(Math.abs(waitMs - slot.wait.predictedMs));
      await pause(least + (most - least) * random());
      slot.release({ answered: true, verdict: 'scored' });
      await pause(BETWEEN_MS * random());
    }
  };
  for (const [client, count] of Object.entries(callers)) {
    for (let i = 0; i < count; i++) void caller(client);
  }
  await vi.advanceTimersByTimeAsync(2 * WINDOW_MS);
  warm = true;
  await vi.advanceTimersByTimeAsync(8 * WINDOW_MS);
  return errors;
};

describe('predicted waits in a saturated window', () => {
  it.each([
    { evaluation: 50 },
    { evaluation: 30, search: 30 },
    { evaluation: 40, search: 12 },
    { evaluation: 50, search: 5 },
    { evaluation: 100, search: 30, chatbot: 10 },
  ])('are true for every service, whatever the others bring: %j', async (callers) => {
    for (const [client, errors] of await errorsOf(callers)) {
      expect(errors.length, client).toBeGreaterThan(LIMIT / 2);
      expect(quantile(errors, 0.95) / WINDOW_MS, client).toBeLessThan(0.2);
    }
  });
});
