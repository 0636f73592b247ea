import { afterEach, describe, expect, test } from 'vitest';
import type { Call } from '../../src/simulator/server.ts';
import { AMAZON, COHERE, KEYS, metric, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { fresh } from './requests.ts';

const LIMITS: Readonly<Record<string, number>> = { [COHERE]: 50, [AMAZON]: 40 };
const MODELS = [COHERE, AMAZON];

let gateway: TestGateway;

afterEach(() => gateway.stop());

const start = async (windowMs: number): Promise<void> => {
  gateway = await startTestGateway({
    env: {
      MODEL_LIMITS: Object.entries(LIMITS)
        .map(([model, limit]) => `${model}=${limit}`)
        .join(','),
      RATE_WINDOW_MS: String(windowMs),
    },
    simulator: { limits: LIMITS, windowMs },
  });
};

const arrivals = (model: string): number[] =>
  gateway.simulator.calls.filter((call: Call) => call.model === model).map(({ at }) => at);

/** The most calls that any window (t - windowMs, t] holds. */
const mostInAWindow = (times: readonly number[], windowMs: number): number =>
  Math.max(...times.map((t) => times.filter((other) => other > t - windowMs && other <= t).length));

describe('under saturation', () => {
  test('no window at the upstream holds more than the limit, and most of each is used', async () => {
    const windowMs = 2000;
    await start(windowMs);
    gateway.simulator.latency([5, 400]);
    const leave = new AbortController();
    // More than three windows' worth of both models at once; whoever still waits after that leaves.
    const requests = MODELS.flatMap((model) =>
      Array.from({ length: 4 * LIMITS[model]! }, () =>
        gateway.rerank(fresh({ model }), { signal: leave.signal }).then(
          ({ status }) => status,
          () => 'left' as const,
        ),
      ),
    );
    const enough = (model: string): boolean => {
      const [first = Number.POSITIVE_INFINITY] = arrivals(model);
      return performance.now() - first > 3 * windowMs;
    };
    while (!MODELS.every(enough)) await new Promise((resolve) => setTimeout(resolve, 50));
    leave.abort();
    const statuses = await Promise.all(requests);

    expect(statuses.filter((status) => status !== 200 && status !== 'left')).toEqual([]);
    expect(gateway.simulator.calls.filter(({ status }) => status === 429)).toHaveLength(0);
    for (const model of MODELS) {
      const times = arrivals(model);
      const limit = LIMITS[model]!;
      expect(mostInAWindow(times, windowMs)).toBeLessThanOrEqual(limit);
      const [first] = times;
      const inTheMiddle = times.filter((t) => t >= first! + windowMs && t < first! + 3 * windowMs);
      expect(inTheMiddle.length).toBeGreaterThanOrEqual(0.8 * 2 * limit);
    }
  });
});

describe('with an empty window', () => {
  test('a burst of four fifths of the limit passes at once', async () => {
    await start(600_000);
    const started = performance.now();
    const answers = await Promise.all(
      MODELS.flatMap((model) =>
        Array.from({ length: 0.8 * LIMITS[model]! }, () => gateway.rerank(fresh({ model }))),
      ),
    );
    expect(answers.filter(({ status }) => status !== 200)).toHaveLength(0);
    // One spacing would be a minute for Cohere's model and more for Amazon's.
    expect(performance.now() - started).toBeLessThan(20_000);
  });

  test('a newcomer gets the next slot, however many of another client’s calls wait', async () => {
    await start(4000);
    const leave = new AbortController();
    const greedy = Array.from({ length: 60 }, () =>
      gateway.rerank(fresh(), { signal: leave.signal }).catch(() => 'left' as const),
    );
    const waiting = async (): Promise<number> => metric(await gateway.metrics(), 'gateway_queue_depth');
    while (arrivals(COHERE).length < 40 || (await waiting()) < 10) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    const answer = gateway.rerank(fresh({ query: 'the newcomer' }), {
      headers: { authorization: `Bearer ${KEYS.chatbot}` },
    });
    const before = arrivals(COHERE).length;
    expect((await answer).status).toBe(200);
    leave.abort();
    await Promise.all(greedy);
    const queries = gateway.simulator.calls.map(({ body }) => (body as { query: string }).query);
    // A slot or two may have been granted while the request was on its way.
    expect(queries.indexOf('the newcomer') - before).toBeLessThanOrEqual(3);
  });
});
