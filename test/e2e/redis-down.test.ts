import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { metric, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { bodyOf, fresh, questionsKept, type RerankBody } from './requests.ts';

let redis: TestRedis;
let gateway: TestGateway;

beforeEach(async () => {
  redis = await startRedis();
});
afterEach(async () => {
  redis.thaw();
  await gateway.stop();
  await redis.kill();
});

const start = async (): Promise<void> => {
  gateway = await startTestGateway({ env: { REDIS_URL: redis.url } });
};

const until = async (condition: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20));
};

/** Who has heard of Redis for so long knows for sure that nobody else is there, and has all of the limit without it. */
const KNOWN_MS = 1500;

const startKnown = async (): Promise<void> => {
  await start();
  await becomes(UP);
  await new Promise((resolve) => setTimeout(resolve, KNOWN_MS));
};

const readiness = async (): Promise<unknown> => {
  const answer = await fetch(`${gateway.url}/readyz`);
  expect(answer.status).toBe(200);
  return answer.json();
};

const UP = { status: 'ready', redis: 'up' };
const DOWN = { status: 'degraded', redis: 'down', reason: expect.stringMatching(/^E[A-Z]+$|^TIMEOUT$/) };

const becomes = async (state: typeof UP): Promise<void> => {
  await expect.poll(readiness, { timeout: 8000 }).toEqual(state);
  expect(metric(await gateway.metrics(), 'gateway_redis_up')).toBe(state === UP ? 1 : 0);
};

const ask = async (request: unknown): Promise<{ status: string | null; results: RerankBody['results'] }> => {
  const answer = await gateway.rerank(request);
  return { status: answer.headers.get('cache-status'), results: (await bodyOf(answer)).results };
};

/** Requests for the same texts are answered with the same scores, whatever has become of Redis meanwhile. */
const servesAsWith = async (reference: RerankBody['results'], request: Record<string, unknown>) => {
  for (let i = 0; i < 3; i++) expect((await ask(request)).results).toEqual(reference);
  const other = await ask(fresh());
  expect(other.results).toHaveLength(3);
  expect(other.status).toBe('rerank-gateway; fwd=miss; stored');
};

/** A gateway that shares nothing with this one: its answers are those of the upstream. */
const reference = async (request: unknown): Promise<RerankBody['results']> => {
  const alone = await startTestGateway();
  const { results } = await bodyOf(await alone.rerank(request));
  await alone.stop();
  return results;
};

describe('every request is answered', () => {
  test('by a gateway that has never seen its Redis, and that uses it as soon as it is there', async () => {
    await redis.stop();
    await start();
    await becomes(DOWN);
    const request = fresh();
    await servesAsWith(await reference(request), request);
    await redis.start();
    await becomes(UP);
    await until(async () => {
      await ask(fresh());
      return (await questionsKept(redis)) > 0;
    });
  });

  test.each(['kill', 'stop'] as const)(
    'when Redis is gone by a %s, and after it has come back',
    async (end) => {
      await startKnown();
      const request = fresh();
      const before = await ask(request);
      await redis[end]();
      await becomes(DOWN);
      await servesAsWith(before.results, request);
      await redis.start();
      await becomes(UP);
      await servesAsWith(before.results, request);
      const text = await gateway.metrics();
      expect(metric(text, 'gateway_redis_errors_total')).toBeGreaterThan(0);
      expect(metric(text, 'gateway_requests_total')).toBe(
        metric(text, 'gateway_requests_total', { code: '200' }),
      );
      await until(async () => {
        await ask(fresh());
        return (await questionsKept(redis)) > 0;
      });
    },
  );

  test('when Redis hangs, without everybody waiting for it', async () => {
    await startKnown();
    redis.freeze();
    const started = performance.now();
    for (let i = 0; i < 30; i++) expect((await ask(fresh())).status).toBe('rerank-gateway; fwd=miss; stored');
    // Each waiting for its own command would take 30 times 250 ms.
    expect(performance.now() - started).toBeLessThan(5000);
    redis.thaw();
    await becomes(UP);
    expect(metric(await gateway.metrics(), 'gateway_redis_errors_total')).toBeGreaterThan(0);
  });

  test('when Redis hangs, and /readyz and redis_up tell so until it is over', async () => {
    await startKnown();
    redis.freeze();
    await ask(fresh());
    const asking = setInterval(() => void ask(fresh()).catch(() => {}), 100);
    try {
      await becomes(DOWN);
      redis.thaw();
      await becomes(UP);
    } finally {
      clearInterval(asking);
    }
  });

  test('when Redis has forgotten everything', async () => {
    await start();
    await becomes(UP);
    const request = fresh();
    const before = await ask(request);
    await redis.flush();
    await servesAsWith(before.results, request);
    expect(await readiness()).toEqual(UP);
  });

  test('rightly when Redis holds something else under its keys', async () => {
    await start();
    await becomes(UP);
    const request = fresh();
    const before = await ask(request);
    await until(async () => (await questionsKept(redis)) > 0);
    const vandal = new Redis(redis.url);
    const keys = await vandal.keys('rerank:pairs3:*');
    expect(keys.length).toBeGreaterThan(0);
    const spoilt = ['', 'nonsense', Buffer.alloc(3 * 32, 0xff), Buffer.alloc(3 * 32 + 7)];
    for (const value of spoilt) {
      for (const key of keys) await vandal.set(key, value);
      // A gateway without memory of it.
      const other = await startTestGateway({ env: { REDIS_URL: redis.url } });
      await until(async () => metric(await other.metrics(), 'gateway_redis_up') === 1);
      const answer = await other.rerank(request);
      expect(answer.headers.get('cache-status')).toBe('rerank-gateway; fwd=miss; stored');
      expect((await bodyOf(answer)).results).toEqual(before.results);
      await other.stop();
    }
    vandal.disconnect();
  });
});

test('without a Redis in the configuration nothing is degraded, and there is no such metric', async () => {
  gateway = await startTestGateway();
  expect(await readiness()).toEqual({ status: 'ready' });
  expect(await gateway.metrics()).not.toMatch(/^gateway_redis_up\b.* [01]$/m);
});
