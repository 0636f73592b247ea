import { Agent, request } from 'undici';
import { describe, expect, it } from 'vitest';
import { startSimulator } from '../../src/simulator/server.ts';
import { startProcess } from '../support/fleet.ts';
import { COHERE, UPSTREAM_KEY } from '../support/gateway.ts';
import { ask } from '../support/load.ts';
import { startRedis } from '../support/redis.ts';

const SERVICES = 50;
const CALLS = 1200;
const LIMIT = 250;

const keyOf = (service: number): string => `burst-service-key-${String(service).padStart(4, '0')}`;

describe('while fifty services ask 1,200 questions at once', () => {
  it.each([false, true])('others are answered in between (with Redis: %s)', async (shared) => {
    const redis = shared ? await startRedis() : undefined;
    const simulator = await startSimulator({
      keys: { [UPSTREAM_KEY]: {} },
      limits: { [COHERE]: LIMIT },
      latencyMs: [100, 300],
    });
    const gateway = await startProcess({
      RERANK_URL: simulator.url,
      RERANK_KEY: UPSTREAM_KEY,
      GATEWAY_KEYS: Array.from({ length: SERVICES }, (_, i) => `service-${i}:${keyOf(i)}`).join(','),
      MODEL_LIMITS: `${COHERE}=${LIMIT}`,
      MAX_QUEUE: '100000',
      ...(redis ? { REDIS_URL: redis.url } : {}),
    });
    const agent = new Agent({ connections: 1, pipelining: 1 });
    try {
      await ask(gateway.url, { key: keyOf(0), model: COHERE });
      const healthy: number[] = [];
      let over = false;
      const watch = (async () => {
        while (!over) {
          const { body } = await request(`${gateway.url}/healthz`, { dispatcher: agent });
          await body.dump();
          healthy.push(performance.now());
        }
      })();
      const leave = new AbortController();
      const refused: number[] = [];
      const calls = Array.from({ length: CALLS }, (_, i) =>
        ask(gateway.url, { key: keyOf(i % SERVICES), model: COHERE, signal: leave.signal }).then(
          ({ status, answeredAt }) => {
            if (status === 429) refused.push(answeredAt);
            return status;
          },
        ),
      );
      while (refused.length < CALLS - LIMIT - 100) await new Promise((resolve) => setTimeout(resolve, 20));
      over = true;
      leave.abort();
      const statuses = await Promise.all([...calls, watch.then(() => 0)]);
      // All that fits is let in: nobody is refused for the crowd.
      expect(statuses.filter((status) => status > 0 && status !== 200 && status !== 429)).toEqual([]);
      const [first, last] = [Math.min(...refused), Math.max(...refused)];
      expect(healthy.filter((at) => at > first && at < last).length).toBeGreaterThanOrEqual(10);
    } finally {
      await agent.close();
      await gateway.stop();
      await simulator.close();
      await redis?.stop();
    }
  });
});
