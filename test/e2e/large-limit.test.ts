/** The largest limit that the configuration allows, at an upstream that has next to nothing of it left. */

import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { COHERE, metric, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { fresh } from './requests.ts';

let gateway: TestGateway;
let redis: TestRedis | undefined;
afterEach(async () => {
  await gateway.stop();
  await redis?.kill();
  redis = undefined;
});

describe('a limit of 1,000,000 of which the upstream says that 249 are left', () => {
  it.each(['without Redis', 'with Redis'])('holds nobody up, %s', async (kind) => {
    redis = kind === 'with Redis' ? await startRedis() : undefined;
    gateway = await startTestGateway({
      env: { MODEL_LIMITS: `${COHERE}=1000000`, ...(redis ? { REDIS_URL: redis.url } : {}) },
      simulator: { limits: { [COHERE]: 250 } },
    });
    let [slowestMs, done] = [0, false];
    const watching = (async () => {
      while (!done) {
        const asked = performance.now();
        await (await fetch(`${gateway.url}/healthz`)).text();
        slowestMs = Math.max(slowestMs, performance.now() - asked);
        await sleep(10);
      }
    })();
    for (let i = 0; i < 10; i++) {
      const answers = await Promise.all(Array.from({ length: 10 }, () => gateway.rerank(fresh())));
      expect(answers.map(({ status }) => status)).toEqual(new Array(10).fill(200));
    }
    done = true;
    await watching;
    // The bound is 300 ms, on a machine that has nothing else to do.
    expect(slowestMs).toBeLessThan(1000);
    expect(metric(await gateway.metrics(), 'gateway_ratelimit_used_requests')).toBeGreaterThan(999_000);
  });
});
