import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { COHERE, KEYS, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { openRaw, requestHead } from '../support/raw-http.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { bodyOf, fresh, questionsKept } from './requests.ts';

let redis: TestRedis;
let gateway: TestGateway;
let neighbour: TestGateway;

const MISS = 'rerank-gateway; fwd=miss; stored';
const HIT = 'rerank-gateway; hit; detail=memory';
const HIT_REDIS = 'rerank-gateway; hit; detail=redis';
const BYPASS = 'rerank-gateway; fwd=bypass';

beforeAll(async () => {
  redis = await startRedis();
  gateway = await startTestGateway({ env: { REDIS_URL: redis.url, VERIFY_RATE: '0' } });
  neighbour = await startTestGateway({ env: { REDIS_URL: redis.url, VERIFY_RATE: '0' } });
  for (const { url } of [gateway, neighbour]) {
    await until(async () => (await (await fetch(`${url}/readyz`)).text()).includes('"up"'));
  }
});
afterEach(() => gateway.simulator.clearFaults());
afterAll(async () => {
  await Promise.all([gateway.stop(), neighbour.stop()]);
  await redis.kill();
});

const until = async (condition: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5));
};

const ask = async (request: unknown, headers: Record<string, string> = {}, where = gateway) => {
  const answer = await where.rerank(request, { headers });
  const body = await bodyOf(answer);
  const header = (name: string): string | null => answer.headers.get(name);
  return { ...body, header, status: header('cache-status'), units: body.meta.billed_units.search_units };
};

/** Redis is filled behind the answer's back. */
const stored = async (questions: number): Promise<void> =>
  until(async () => (await questionsKept(redis)) >= questions);

describe('X-Request-ID', () => {
  const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

  test.each(['A'.repeat(20), 'a'.repeat(200), '0123456789abcDEF+/=-0123'])(
    'is kept when it is a good one',
    async (id) => {
      expect((await ask(fresh(), { 'x-request-id': id })).header('x-request-id')).toBe(id);
    },
  );

  test.each(['A'.repeat(19), 'a'.repeat(201), 'has a space in its middle', 'under_scores_are_not_kept', ''])(
    'is replaced when it is not',
    async (id) => {
      expect((await ask(fresh(), { 'x-request-id': id })).header('x-request-id')).toMatch(UUID);
    },
  );

  test('is given to whoever sends none, to everyone another', async () => {
    const request = fresh();
    const ids = [await ask(request), await ask(request), await ask(request)].map((a) =>
      a.header('x-request-id'),
    );
    expect(new Set(ids).size).toBe(3);
    for (const id of ids) expect(id).toMatch(UUID);
  });
});

describe('Cache-Status', () => {
  test('of a first request is a miss that was stored, of a second a hit in memory', async () => {
    const request = fresh();
    const first = await ask(request);
    expect([first.status, first.units, first.header('age')]).toEqual([MISS, 1, null]);
    const second = await ask(request);
    expect([second.status, second.units]).toEqual([HIT, 0]);
    expect(second.header('age')).toMatch(/^\d$/);
    expect(second.results).toEqual(first.results);
  });

  test('is a hit in Redis at another process, and then one in its memory', async () => {
    const kept = await questionsKept(redis);
    const request = fresh();
    const first = await ask(request);
    await stored(kept + 1);
    const second = await ask(request, {}, neighbour);
    expect([second.status, second.units]).toEqual([HIT_REDIS, 0]);
    expect(second.header('age')).toMatch(/^\d$/);
    expect(second.results).toEqual(first.results);
    expect((await ask(request, {}, neighbour)).status).toBe(HIT);
    expect(neighbour.simulator.calls).toHaveLength(0);
  });

  test('says who shared another request’s call', async () => {
    gateway.simulator.latency([100, 100]);
    const request = fresh();
    const answers = await Promise.all([ask(request), ask(request), ask(request)]);
    gateway.simulator.latency([0, 0]);
    expect(answers.map(({ status }) => status).sort()).toEqual([
      'rerank-gateway; fwd=miss; collapsed',
      'rerank-gateway; fwd=miss; collapsed',
      MISS,
    ]);
    expect(answers.map(({ units }) => units).sort()).toEqual([0, 0, 1]);
  });

  test('is a bypass for models that are not cached at all', async () => {
    const off = await startTestGateway({ env: { CACHE_GRANULARITY: `${COHERE}=off` } });
    const request = fresh();
    expect((await ask(request, {}, off)).status).toBe(BYPASS);
    expect((await ask(request, {}, off)).status).toBe(BYPASS);
    expect(off.simulator.calls).toHaveLength(2);
    await off.stop();
  });

  test('tells stale scores, which stand in for a failing upstream only', async () => {
    const brief = await startTestGateway({ env: { CACHE_TTL_SECONDS: '1' } });
    const request = fresh();
    const first = await ask(request, {}, brief);
    brief.simulator.fault({ kind: 'status', status: 500 }, 1000);
    // The shortest life that can be configured has to pass in real time.
    await until(async () => (await ask(request, {}, brief)).status !== HIT);
    const stale = await ask(request, {}, brief);
    expect([stale.status, stale.units]).toEqual(['rerank-gateway; hit; fwd=stale; detail=memory', 0]);
    expect(Number(stale.header('age'))).toBeGreaterThanOrEqual(1);
    expect(stale.results).toEqual(first.results);
    // Who names an age is not content with an older score.
    const picky = await brief.rerank(request, { headers: { 'cache-control': 'max-age=1' } });
    expect(picky.status).toBe(502);
    brief.simulator.clearFaults();
    expect((await ask(request, {}, brief)).status).toBe(MISS);
    await brief.stop();
  });
});

describe('Cache-Control', () => {
  test('no-store neither reads nor leaves anything', async () => {
    const request = fresh();
    expect((await ask(request, { 'cache-control': 'no-store' })).status).toBe(BYPASS);
    expect((await ask(request)).status).toBe(MISS);
    const again = await ask(request, { 'cache-control': 'No-Store' });
    expect([again.status, again.units, again.header('age')]).toEqual([BYPASS, 1, null]);
  });

  test('no-store shares no call', async () => {
    gateway.simulator.latency([50, 50]);
    const calls = gateway.simulator.calls.length;
    const request = fresh();
    await Promise.all([1, 2, 3].map(() => ask(request, { 'cache-control': 'no-store' })));
    gateway.simulator.latency([0, 0]);
    expect(gateway.simulator.calls).toHaveLength(calls + 3);
  });

  test('no-cache asks again, and leaves the new score to others', async () => {
    const request = fresh();
    await ask(request);
    const again = await ask(request, { 'cache-control': 'no-cache' });
    expect([again.status, again.units]).toEqual([`${BYPASS}; stored`, 1]);
    expect((await ask(request)).status).toBe(HIT);
  });

  test('max-age=0 asks again; a generous max-age does not', async () => {
    const request = fresh();
    await ask(request);
    await until(async () => (await ask(request, { 'cache-control': 'max-age=0' })).units === 1);
    expect((await ask(request, { 'cache-control': 'max-age=3600' })).status).toBe(HIT);
  });

  test('only-if-cached gets what is there, from memory and from Redis', async () => {
    const kept = await questionsKept(redis);
    const request = fresh();
    await ask(request);
    await stored(kept + 1);
    const headers = { 'cache-control': 'only-if-cached' };
    expect((await ask(request, headers)).status).toBe(HIT);
    expect((await ask(request, headers, neighbour)).status).toBe(HIT_REDIS);
  });

  test.each(['max-age=soon', 'max-age=-1', 'public', ', ,', ';;=', 'no-cash'])(
    'what makes no sense in it is ignored',
    async (header) => {
      const request = fresh();
      await ask(request);
      expect((await ask(request, { 'cache-control': header })).status).toBe(HIT);
    },
  );
});

describe('other headers', () => {
  test('Server-Timing tells where the time went', async () => {
    gateway.simulator.latency([30, 30]);
    const request = fresh();
    const timing = (await ask(request)).header('server-timing')!;
    gateway.simulator.latency([0, 0]);
    const parts = /^auth;dur=([\d.]+), cache;dur=([\d.]+), queue;dur=([\d.]+), upstream;dur=([\d.]+)$/;
    const [, ...durations] = parts.exec(timing)!;
    expect(Number(durations[3])).toBeGreaterThanOrEqual(25);
    const [, ...ofHit] = parts.exec((await ask(request)).header('server-timing')!)!;
    expect(Number(ofHit[3])).toBe(0);
  });

  test('x-ratelimit-* of the upstream is passed through where a call was made', async () => {
    const request = fresh();
    const made = await ask(request);
    expect(made.header('x-ratelimit-limit-requests')).toBe('250');
    expect(Number(made.header('x-ratelimit-remaining-requests'))).toBeLessThan(250);
    expect(made.header('x-ratelimit-reset-requests')).toMatch(/^\d+s$/);
    expect((await ask(request)).header('x-ratelimit-limit-requests')).toBeNull();
  });

  test('traceparent is passed on as it came, and none is made up', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    await ask(fresh(), { traceparent });
    expect(gateway.simulator.calls.at(-1)!.headers.traceparent).toBe(traceparent);
    await ask(fresh());
    expect(gateway.simulator.calls.at(-1)!.headers).not.toHaveProperty('traceparent');
  });

  test('Expect: 100-continue is answered before the body is sent', async () => {
    const body = JSON.stringify(fresh());
    const raw = await openRaw(gateway.url);
    await raw.write(
      requestHead({
        authorization: `Bearer ${KEYS.search}`,
        'content-length': String(Buffer.byteLength(body)),
        expect: '100-continue',
      }),
    );
    expect((await raw.answer()).status).toBe(100);
    await raw.write(body);
    expect((await raw.answer()).status).toBe(200);
    raw.socket.destroy();
  });
});
