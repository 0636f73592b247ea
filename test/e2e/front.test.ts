import { afterEach, describe, expect, test } from 'vitest';
import { COHERE, KEYS, metric, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { openRaw, requestHead } from '../support/raw-http.ts';
import { startRedis } from '../support/redis.ts';
import { bodyOf, fresh } from './requests.ts';

const HIT = 'rerank-gateway; hit; detail=memory';
const MISS = 'rerank-gateway; fwd=miss; stored';

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

const start = async (env: Record<string, string> = {}): Promise<TestGateway> => {
  // No value is asked for again but by whoever asks here.
  const gateway = await startTestGateway({ env: { VERIFY_RATE: '0', ...env } });
  stops.push(() => gateway.stop());
  return gateway;
};

const ask = async (gateway: TestGateway, body: string, key = KEYS.search) => {
  const answer = await gateway.rerank(body, { headers: { authorization: `Bearer ${key}` } });
  const { id, results } = await bodyOf(answer);
  expect(id).toBe(answer.headers.get('x-request-id'));
  return { status: answer.headers.get('cache-status'), results };
};

/** Asks until the answer is one that was kept whole. */
const often = async (gateway: TestGateway, body: string): Promise<void> => {
  for (let i = 0; i < 4; i++) await ask(gateway, body);
  expect((await ask(gateway, body)).status).toBe(HIT);
};

const until = async (condition: () => Promise<boolean>): Promise<void> => {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5));
};

describe('the same request, again and again,', () => {
  test('is answered anew after a purge in another process', async () => {
    const redis = await startRedis();
    stops.push(() => redis.kill());
    const env = {
      REDIS_URL: redis.url,
      GATEWAY_KEYS: `search:${KEYS.search},chatbot:${KEYS.chatbot};admin`,
    };
    const [one, other] = [await start({ ...env, DYNO: 'web.1' }), await start({ ...env, DYNO: 'web.2' })];
    await until(async () => metric(await one.metrics(), 'gateway_redis_up') === 2);
    const body = JSON.stringify(fresh());
    await often(one, body);
    const purged = await fetch(`${other.url}/v1/cache?model=${COHERE}`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${KEYS.chatbot}` },
    });
    expect(purged.status).toBe(200);
    await until(async () => (await ask(one, body)).status !== HIT);
    expect(one.simulator.calls).toHaveLength(2);
  });

  test('is answered anew when its scores are too old', async () => {
    const gateway = await start({ CACHE_TTL_SECONDS: '1', CACHE_STALE_SECONDS: '0' });
    const body = JSON.stringify(fresh());
    await often(gateway, body);
    const calls = gateway.simulator.calls.length;
    await until(async () => (await ask(gateway, body)).status !== HIT);
    expect(gateway.simulator.calls).toHaveLength(calls + 1);
  });

  test('is each client’s own where caches are', async () => {
    const gateway = await start({ CACHE_SCOPE: 'client' });
    const body = JSON.stringify(fresh());
    await often(gateway, body);
    expect((await ask(gateway, body, KEYS.chatbot)).status).toBe(MISS);
    expect((await ask(gateway, body, KEYS.chatbot)).status).toBe(HIT);
  });

  test('is answered to nobody without a key, logged and counted each time', async () => {
    const gateway = await start();
    const body = JSON.stringify(fresh());
    await often(gateway, body);
    const answer = await gateway.rerank(body, { headers: { authorization: 'Bearer nobody-has-this-key' } });
    expect(answer.status).toBe(401);
    const text = await gateway.metrics();
    const of = { client: 'search', model: COHERE };
    expect(metric(text, 'gateway_requests_total', { ...of, outcome: 'hit', code: '200' })).toBe(4);
    expect(metric(text, 'gateway_requests_total', { ...of, outcome: 'miss', code: '200' })).toBe(1);
    expect(metric(text, 'gateway_documents_total', { source: 'memory' })).toBe(12);
    expect(metric(text, 'gateway_cache_requests_total', { tier: 'memory', result: 'hit' })).toBe(4);
    expect(metric(text, 'gateway_request_duration_seconds_count', { outcome: 'hit' })).toBe(4);
    expect(metric(text, 'gateway_cache_entries')).toBe(3);
    expect(gateway.log.filter((line) => line.includes('"outcome":"hit"'))).toHaveLength(4);
  });

  test('is told, while the process ends, to use the connection no more', async () => {
    const gateway = await startTestGateway({ idleMs: 2000 });
    const body = JSON.stringify(fresh());
    await often(gateway, body);
    const raw = await openRaw(gateway.url);
    const request = `${requestHead({
      Authorization: `Bearer ${KEYS.search}`,
      'Content-Length': String(Buffer.byteLength(body)),
    })}${body}`;
    await raw.write(request);
    expect((await raw.answer()).headers.connection).toBe('keep-alive');
    const drained = gateway.stop();
    await raw.write(request);
    const { status, headers } = await raw.answer();
    expect({ status, cache: headers['cache-status'], connection: headers.connection }).toEqual({
      status: 200,
      cache: HIT,
      connection: 'close',
    });
    await raw.closed();
    raw.socket.destroy();
    await drained;
  });
});
