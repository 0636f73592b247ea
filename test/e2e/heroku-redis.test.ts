import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { metric, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { type HerokuRedis, startHerokuRedis } from '../support/heroku-redis.ts';
import { fresh } from './requests.ts';

let redis: HerokuRedis;
const gateways: TestGateway[] = [];
afterEach(async () => {
  await Promise.all(gateways.splice(0).map((gateway) => gateway.stop()));
  await redis[Symbol.asyncDispose]();
});

const start = async (): Promise<TestGateway> => {
  const gateway = await startTestGateway({ env: { REDIS_URL: redis.url } });
  gateways.push(gateway);
  await expect.poll(async () => (await fetch(`${gateway.url}/readyz`)).json()).toMatchObject({ redis: 'up' });
  return gateway;
};

const cacheStatus = async (gateway: TestGateway, request: unknown): Promise<string | null> => {
  const answer = await gateway.rerank(request);
  expect(answer.status).toBe(200);
  return answer.headers.get('cache-status');
};

const errors = async (gateway: TestGateway): Promise<number> =>
  metric(await gateway.metrics(), 'gateway_redis_errors_total');

const wentAlone = ({ log }: TestGateway): boolean => log.some((line) => line.includes('"alone"'));

describe('Heroku Key-Value Store as it is created', () => {
  beforeEach(async () => {
    redis = await startHerokuRedis('noeviction');
  });

  test('is used over TLS, though nobody has signed its certificate and it refuses CONFIG', async () => {
    const [one, other] = [await start(), await start()];
    const request = fresh();
    expect(await cacheStatus(one, request)).toContain('fwd=miss');
    await expect.poll(() => cacheStatus(other, request)).toBe('rerank-gateway; hit; detail=redis');
    expect(await errors(one)).toBe(0);
    expect([one, other].some(wentAlone)).toBe(false);
    expect([...one.log, ...other.log].some((line) => line.includes('SECRET'))).toBe(false);
  });

  test('takes no more once it is full, and every request is answered all the same', async () => {
    const gateway = await start();
    const known = fresh();
    await cacheStatus(gateway, known);
    await redis.fill();
    for (let i = 0; i < 20; i++) expect(await cacheStatus(gateway, fresh())).toContain('fwd=miss');
    // An answer does not wait for what is kept of it.
    await expect.poll(() => errors(gateway)).toBeGreaterThan(0);
    expect(gateway.simulator.calls.filter(({ status }) => status !== 200)).toEqual([]);
    // What it holds can be read as before.
    await expect.poll(async () => cacheStatus(await start(), known)).toContain('hit; detail=redis');
  });
});

test('with volatile-lru a full store takes new scores for old ones, and the budget stays a shared one', async () => {
  redis = await startHerokuRedis('volatile-lru');
  const gateway = await start();
  await redis.fill();
  const request = fresh();
  await cacheStatus(gateway, request);
  for (let i = 0; i < 20; i++) await cacheStatus(gateway, fresh());
  expect(await errors(gateway)).toBe(0);
  expect(wentAlone(gateway)).toBe(false);
  expect(await cacheStatus(await start(), request)).toBe('rerank-gateway; hit; detail=redis');
});
