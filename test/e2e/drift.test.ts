import { afterEach, expect, test } from 'vitest';
import { AMAZON, COHERE, KEYS, metric, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { startRedis } from '../support/redis.ts';
import { bodyOf, fresh } from './requests.ts';

let gateway: TestGateway;
afterEach(() => gateway.stop());

const until = async (condition: () => Promise<boolean>): Promise<void> => {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 10));
};

const ask = async (request: unknown) => {
  const answer = await gateway.rerank(request);
  return { ...(await bodyOf(answer)), status: answer.headers.get('cache-status') };
};

const granularity = async (model: string, granularity: string): Promise<number> =>
  metric(await gateway.metrics(), 'gateway_cache_granularity', { model, granularity });

const DOCUMENTS = ['the capital of a country', 'a country', 'something else', 'a capital of capitals'];

/** What the simulator says when it is asked for just these. */
const alone = async (request: Record<string, unknown>) => {
  const other = await startTestGateway();
  const { results } = await bodyOf(await other.rerank(request));
  await other.stop();
  return results;
};

test('a model that is configured by document, and whose scores depend on the set, is found out', async () => {
  gateway = await startTestGateway({
    env: { CACHE_GRANULARITY: `${AMAZON}=document`, VERIFY_RATE: '1' },
  });
  expect(await granularity(AMAZON, 'document')).toBe(1);
  const request = fresh({ model: AMAZON, documents: DOCUMENTS });
  const { query } = request;
  await ask(request);
  await until(async () => {
    await ask(request);
    return (await granularity(AMAZON, 'request')) === 1;
  });
  expect(await granularity(AMAZON, 'document')).toBe(0);

  const alarms = gateway.log.map((line) => JSON.parse(line)).filter(({ level }) => level === 'error');
  expect(alarms).toEqual([expect.objectContaining({ level: 'error', model: AMAZON })]);
  const text = await gateway.metrics();
  const labels = { model: AMAZON, result: 'drifted' };
  expect(metric(text, 'gateway_verified_pairs_total', labels)).toBeGreaterThan(0);
  expect(metric(text, 'gateway_score_drift_count', { model: AMAZON })).toBeGreaterThan(0);

  // From now on every answer is that of its own set, also where parts of it are known.
  for (const documents of [DOCUMENTS.slice(0, 2), DOCUMENTS.slice(1), [...DOCUMENTS].reverse()]) {
    const set = { model: AMAZON, query, documents };
    expect((await ask(set)).results).toEqual(await alone(set));
  }
  expect((await ask(request)).status).toBe('rerank-gateway; hit; detail=memory');
});

test('a model whose scores are each pair’s own is left as it is, and nobody pays for the comparison', async () => {
  gateway = await startTestGateway({ env: { VERIFY_RATE: '1' } });
  const request = fresh({ documents: DOCUMENTS });
  await ask(request);
  const same = async (): Promise<number> =>
    metric(await gateway.metrics(), 'gateway_verified_pairs_total', { model: COHERE, result: 'same' });
  await until(async () => {
    const { meta, status } = await ask(request);
    expect([meta.billed_units.search_units, status]).toEqual([0, 'rerank-gateway; hit; detail=memory']);
    return (await same()) >= 5;
  });
  expect(await granularity(COHERE, 'document')).toBe(1);
  for (const { body } of gateway.simulator.calls.slice(1)) {
    expect((body as { documents: unknown[] }).documents).toHaveLength(1);
  }
  expect(gateway.log.filter((line) => line.includes('"level":"error"'))).toEqual([]);
});

test('a model that was replaced is told apart: its older scores are forgotten, and pairs go on being reused', async () => {
  gateway = await startTestGateway({ env: { VERIFY_RATE: '1' } });
  const request = fresh({ documents: DOCUMENTS });
  const { results: before } = await ask(request);
  // Another model by the same name: whatever it scores, alone or among others, is less by half.
  gateway.simulator.faultWhen(() => true, {
    kind: 'wrong-answer',
    make: (answer) => ({
      ...answer,
      results: answer.results.map(({ index, relevance_score }) => ({
        index,
        relevance_score: relevance_score / 2,
      })),
    }),
  });
  let results = before;
  await until(async () => {
    ({ results } = await ask(request));
    return results[0]!.relevance_score !== before[0]!.relevance_score;
  });
  const halved = ({ index, relevance_score }: (typeof before)[number]) => ({
    index,
    relevance_score: relevance_score / 2,
  });
  expect(results).toEqual(before.map(halved));
  expect(await granularity(COHERE, 'document')).toBe(1);
  const labels = { model: COHERE, result: 'changed' };
  expect(metric(await gateway.metrics(), 'gateway_verified_pairs_total', labels)).toBeGreaterThanOrEqual(3);
  const told = gateway.log.map((line) => JSON.parse(line)).filter(({ level }) => level === 'warn');
  expect(told).toEqual([expect.objectContaining({ model: COHERE, msg: expect.stringContaining('changed') })]);
  // And reuse stays on: part of a request that is known is not asked for again.
  const { meta } = await ask({ ...request, documents: [...DOCUMENTS].slice(0, 2) });
  expect(meta.billed_units.search_units).toBe(0);
});

test('what was found out is known to all, to a process that starts later, too, and is forgotten with a purge', async () => {
  await using redis = await startRedis();
  const env = {
    CACHE_GRANULARITY: `${AMAZON}=document`,
    VERIFY_RATE: '1',
    REDIS_URL: redis.url,
    GATEWAY_KEYS: `search:${KEYS.search};admin`,
  };
  const first = await startTestGateway({ env });
  gateway = first;
  const request = fresh({ model: AMAZON, documents: DOCUMENTS });
  try {
    await until(async () => {
      await ask(request);
      return (await granularity(AMAZON, 'request')) === 1;
    });
  } finally {
    await first.stop();
  }
  gateway = await startTestGateway({ env });
  expect(await granularity(AMAZON, 'request')).toBe(1);
  const purged = await fetch(`${gateway.url}/v1/cache?model=${AMAZON}`, {
    method: 'DELETE',
    headers: { authorization: `Bearer ${KEYS.search}` },
  });
  expect(purged.status).toBe(200);
  expect(await granularity(AMAZON, 'document')).toBe(1);
  const told = gateway.log.map((line) => JSON.parse(line)).filter(({ model }) => model === AMAZON);
  expect(told.map(({ msg }) => msg)).toEqual([
    'scores depend on more than their pair: reused for the same documents only',
    'scores are reused by their pair again',
    'cache purged',
  ]);
});

test('neither a renewal nor a sample counts as a request that a cache knew nothing of', async () => {
  gateway = await startTestGateway({ env: { VERIFY_RATE: '1', CACHE_TTL_SECONDS: '1' } });
  const request = fresh({ documents: DOCUMENTS });
  let asked = 0;
  const began = performance.now();
  await until(async () => {
    await ask(request);
    asked++;
    return performance.now() - began > 2500;
  });
  const text = await gateway.metrics();
  expect(gateway.simulator.calls.length).toBeGreaterThan(2);
  expect(metric(text, 'gateway_cache_requests_total', { tier: 'memory' })).toBe(asked);
});
