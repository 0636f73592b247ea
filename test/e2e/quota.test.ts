import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { COHERE, KEYS, metric, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { mostInAnyWindow } from '../support/sliding.ts';

const running: TestGateway[] = [];
const redises: TestRedis[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((gateway) => gateway.stop()));
  await Promise.all(redises.splice(0).map((redis) => redis.kill()));
});

/** `search` has a quota; the others have none. */
const start = async (
  rpm: number,
  env: Record<string, string> = {},
  latencyMs: readonly [number, number] = [0, 0],
): Promise<TestGateway> => {
  const GATEWAY_KEYS = `search:${KEYS.search};rpm=${rpm},chatbot:${KEYS.chatbot}`;
  const gateway = await startTestGateway({ env: { GATEWAY_KEYS, ...env }, simulator: { latencyMs } });
  running.push(gateway);
  return gateway;
};

const redisForTests = async (): Promise<TestRedis> => {
  const redis = await startRedis();
  redises.push(redis);
  return redis;
};

const body = (query: string) => ({ model: COHERE, query, documents: ['one', 'two'] });

const asChatbot = { headers: { authorization: `Bearer ${KEYS.chatbot}` } };

/** The status, once the answer is whole. */
const statusOf = async (answer: Promise<Response>): Promise<number> => {
  const response = await answer;
  await response.arrayBuffer();
  return response.status;
};

const rateLimit = ({ headers }: Response): { policy: string | null; left: number; t: number } => {
  const [, left, t] = /^"rpm";r=(\d+);t=(\d+)$/.exec(headers.get('ratelimit') ?? '') ?? [];
  return { policy: headers.get('ratelimit-policy'), left: Number(left), t: Number(t) };
};

describe('a client with a quota', () => {
  test('is refused at once when it is used up, and told when to come back', async () => {
    const gateway = await start(2);
    expect(await statusOf(gateway.rerank(body('a')))).toBe(200);
    expect(await statusOf(gateway.rerank(body('b')))).toBe(200);
    const refused = await gateway.rerank(body('c'));
    expect(refused.status).toBe(429);
    const { message, error } = (await refused.json()) as { message: string; error: unknown };
    expect(error).toMatchObject({ code: 429, type: 'rate_limit_error' });
    expect(message).toMatch(
      /^The quota of search is used up: 2 calls in \d+(\.\d+)? s\. The next one is possible in \d+ s\.$/,
    );
    const line = gateway.log.map((text) => JSON.parse(text)).find(({ status }) => status === 429);
    expect(line).toMatchObject({ client: 'search', error: 'quota_exhausted', quotaCalls: 2 });
    expect(line.retryAfterMs).toBeGreaterThan(0);
    expect(line.retryAfterMs).toBeLessThanOrEqual(line.quotaWindowMs);
    const retryAfter = Number(refused.headers.get('retry-after'));
    expect(retryAfter).toBeGreaterThanOrEqual(1);
    expect(retryAfter).toBeLessThanOrEqual(59);
    expect(gateway.simulator.calls).toHaveLength(2);
    const labels = { client: 'search', model: COHERE, reason: 'quota_exhausted' };
    expect(metric(await gateway.metrics(), 'gateway_rejections_total', labels)).toBe(1);
  });

  test('still gets what is cached, and pays nothing for it', async () => {
    const gateway = await start(1);
    await statusOf(gateway.rerank(body('a')));
    for (let i = 0; i < 5; i++) expect(await statusOf(gateway.rerank(body('a')))).toBe(200);
    expect(await statusOf(gateway.rerank(body('b')))).toBe(429);
    expect(await statusOf(gateway.rerank(body('a')))).toBe(200);
  });

  test('pays once for a call that many of its requests share', async () => {
    const gateway = await start(2, {}, [100, 100]);
    const same = Array.from({ length: 20 }, () => statusOf(gateway.rerank(body('a'))));
    expect(new Set(await Promise.all(same))).toEqual(new Set([200]));
    expect(gateway.simulator.calls).toHaveLength(1);
    expect(await statusOf(gateway.rerank(body('b')))).toBe(200);
    expect(await statusOf(gateway.rerank(body('c')))).toBe(429);
  });

  test('pays once for a call that had to be made twice', async () => {
    const gateway = await start(2);
    gateway.simulator.fault({ kind: 'status', status: 500 });
    const answer = await gateway.rerank(body('a'));
    expect([answer.status, rateLimit(answer).left]).toEqual([200, 1]);
    expect(gateway.simulator.calls).toHaveLength(2);
  });

  test('does not pay for what was never sent', async () => {
    const gateway = await start(2, { MODEL_LIMITS: `${COHERE}=1` });
    expect(await statusOf(gateway.rerank(body('a')))).toBe(200);
    const impatient = { headers: { prefer: 'wait=1' } };
    for (let i = 0; i < 3; i++) {
      const refused = await gateway.rerank(body(`b${i}`), impatient);
      expect(refused.status).toBe(429);
      expect(rateLimit(refused).left).toBe(1);
    }
    expect(gateway.simulator.calls).toHaveLength(1);
  });

  test('takes nothing from the others', async () => {
    const gateway = await start(1);
    await statusOf(gateway.rerank(body('a')));
    expect(await statusOf(gateway.rerank(body('b')))).toBe(429);
    const answer = await gateway.rerank(body('b'), asChatbot);
    expect(answer.status).toBe(200);
    expect(answer.headers.has('ratelimit')).toBe(false);
    expect(answer.headers.has('ratelimit-policy')).toBe(false);
  });

  test('reads on every answer what is left of it', async () => {
    const gateway = await start(2);
    const policy = '"rpm";q=2;w=60';
    const seen = [];
    for (const request of [body('a'), body('a'), { model: COHERE, query: 'a' }, body('b'), body('c')]) {
      const answer = await gateway.rerank(request);
      seen.push([answer.status, rateLimit(answer)]);
    }
    const t = expect.toSatisfy((seconds: number) => seconds >= 1 && seconds <= 60);
    expect(seen).toEqual([
      [200, { policy, left: 1, t }],
      [200, { policy, left: 1, t }],
      [400, { policy, left: 1, t }],
      [200, { policy, left: 0, t }],
      [429, { policy, left: 0, t }],
    ]);
    const before = await gateway.rerank(body('a'), { headers: { authorization: 'Bearer none' } });
    expect(before.status).toBe(401);
    expect(before.headers.has('ratelimit')).toBe(false);
  });

  test('finds its refusals among the metrics from the start', async () => {
    const gateway = await start(1);
    const text = await gateway.metrics();
    expect(text).toMatch(/gateway_rejections_total\{[^}]*reason="quota_exhausted"[^}]*\} 0\n/);
  });
});

describe('a quota over several processes', () => {
  test('never passes more calls in any window than it has places, and goes on window after window', async () => {
    const redis = await redisForTests();
    const env = { REDIS_URL: redis.url, RATE_WINDOW_MS: '400' };
    const a = await start(5, env, [0, 60]);
    const b = await start(5, { ...env, RERANK_URL: a.simulator.url, CACHE_MEMORY_MB: '0' });
    let refused = 0;
    for (let i = 0; a.simulator.calls.length < 20; i++) {
      const gateways = [a, b, a, b, a, b, a, b];
      const wave = gateways.map((gateway, j) => statusOf(gateway.rerank(body(`${i} ${j}`))));
      refused += (await Promise.all(wave)).filter((status) => status === 429).length;
      await sleep(20);
    }
    const arrivals = a.simulator.calls.map(({ at }) => at);
    expect(mostInAnyWindow(arrivals, 400)).toBeLessThanOrEqual(5);
    expect(refused).toBeGreaterThan(0);
  });

  test('is used up for one process by the calls of another, and both say so', async () => {
    const redis = await redisForTests();
    const a = await start(2, { REDIS_URL: redis.url });
    const b = await start(2, { REDIS_URL: redis.url });
    expect(await statusOf(a.rerank(body('a')))).toBe(200);
    const second = await b.rerank(body('b'));
    expect([second.status, rateLimit(second).left]).toEqual([200, 0]);
    const third = await a.rerank(body('c'));
    expect([third.status, rateLimit(third).left]).toEqual([429, 0]);
  });

  test('is not charged for what another process has put into Redis', async () => {
    const redis = await redisForTests();
    const a = await start(1, { REDIS_URL: redis.url });
    const b = await start(1, { REDIS_URL: redis.url });
    await statusOf(a.rerank(body('a'), asChatbot));
    const hit = await b.rerank(body('a'));
    expect(hit.headers.get('cache-status')).toBe('rerank-gateway; hit; detail=redis');
    expect(rateLimit(hit).left).toBe(1);
    expect(await statusOf(b.rerank(body('b')))).toBe(200);
  });

  test('costs a hit no command', async () => {
    const redis = await redisForTests();
    const gateway = await start(5, { REDIS_URL: redis.url });
    await statusOf(gateway.rerank(body('a')));
    const commands = async () =>
      metric(await gateway.metrics(), 'gateway_redis_command_duration_seconds_count', { op: 'quota' });
    // The place is settled right after the answer.
    let before = -1;
    for (let now = await commands(); now !== before; now = await commands()) {
      before = now;
      await sleep(50);
    }
    for (let i = 0; i < 20; i++) expect(rateLimit(await gateway.rerank(body('a'))).left).toBe(4);
    expect(before).toBeGreaterThan(0);
    expect(await commands()).toBe(before);
  });

  test.each([
    ['gone', 'kill'],
    ['hanging', 'freeze'],
    ['emptied', 'flush'],
  ] as const)('holds for each process when Redis is %s', async (_, fault) => {
    const redis = await redisForTests();
    const gateway = await start(3, { REDIS_URL: redis.url });
    expect(await statusOf(gateway.rerank(body('a')))).toBe(200);
    await redis[fault]();
    expect(await statusOf(gateway.rerank(body('b')))).toBe(200);
    expect(await statusOf(gateway.rerank(body('c')))).toBe(200);
    const refused = await gateway.rerank(body('d'));
    expect([refused.status, rateLimit(refused).left]).toEqual([429, 0]);
    expect(gateway.simulator.calls).toHaveLength(3);
  });
});
