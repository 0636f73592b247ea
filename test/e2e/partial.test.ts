import { afterEach, expect, test } from 'vitest';
import { AMAZON, COHERE, KEYS, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { bodyOf, fresh } from './requests.ts';

const HIT = 'rerank-gateway; hit; detail=memory';
const MISS = 'rerank-gateway; fwd=miss; stored';
const PARTIAL = 'rerank-gateway; fwd=partial; stored';
const BYPASS = 'rerank-gateway; fwd=bypass';

let gateway: TestGateway;
afterEach(() => gateway.stop());

const start = async (env: Record<string, string> = {}): Promise<void> => {
  // Nothing is asked behind the back of what a test counts.
  gateway = await startTestGateway({ env: { VERIFY_RATE: '0', ...env } });
};

const ask = async (request: unknown, key = KEYS.search) => {
  const answer = await gateway.rerank(request, { headers: { authorization: `Bearer ${key}` } });
  const { results, meta } = await bodyOf(answer);
  const header = (name: string): string | null => answer.headers.get(name);
  return { results, header, status: header('cache-status'), units: meta.billed_units.search_units };
};

/** The documents of every call, in order. */
const sent = (): unknown[] =>
  gateway.simulator.calls.map(({ body }) => (body as { documents: unknown }).documents);

const many = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, i) => `DOCTEXT number ${from + i}`);

test('by document, only what was never scored is asked for, and the answer is as if all had been', async () => {
  await start();
  const request = fresh({ documents: ['a', 'b', 'c'] });
  await ask(request);
  const documents = ['d', 'b', 'e', 'b', 'a', 'd'];
  const partial = await ask({ ...request, documents });
  expect(partial.status).toBe(PARTIAL);
  expect(partial.units).toBe(1);
  expect(partial.header('age')).toBeNull();
  expect(partial.header('x-ratelimit-limit-requests')).toBe('250');
  expect(sent()).toEqual([
    ['a', 'b', 'c'],
    ['d', 'e'],
  ]);

  const whole = await ask({ ...request, documents });
  expect([whole.status, whole.units]).toEqual([HIT, 0]);
  expect(whole.results).toEqual(partial.results);
  expect(partial.results.map(({ index }) => index).sort()).toEqual([0, 1, 2, 3, 4, 5]);
});

test('by document, the scores of a partial answer are those of one call for everything, and so is any top_n', async () => {
  await start();
  const request = fresh({ documents: many(0, 60) });
  await ask(request);
  const documents = [...many(40, 90), 'DOCTEXT number 41', ...many(10, 20), 'DOCTEXT number 89'];
  const { results } = await ask({ ...request, documents });
  const alone = await startTestGateway();
  const reference = await bodyOf(await alone.rerank({ ...request, documents }));
  await alone.stop();
  expect(results).toEqual(reference.results);
  for (const top_n of [1, 7, 61, 100]) {
    const view = await ask({ ...request, documents: [...documents, 'another'], top_n });
    const of = new Map(results.map((result) => [result.index, result.relevance_score]));
    expect(view.results).toHaveLength(Math.min(top_n, documents.length + 1));
    for (const { index, relevance_score } of view.results) {
      if (index < documents.length) expect(relevance_score).toBe(of.get(index));
    }
  }
});

test('by document, a partial answer is billed for what is asked for, not for what is known', async () => {
  await start();
  const request = fresh({ documents: many(0, 250) });
  expect((await ask(request)).units).toBe(3);
  expect((await ask({ ...request, documents: many(0, 350) })).units).toBe(1);
  expect((await ask({ ...request, documents: many(100, 550) })).units).toBe(2);
});

test('by request, another set is asked for whole', async () => {
  await start();
  const request = fresh({ model: AMAZON, documents: ['a', 'b', 'c'] });
  await ask(request);
  const documents = ['d', 'b', 'a'];
  expect((await ask({ ...request, documents })).status).toBe(MISS);
  expect((await ask({ ...request, documents: ['c', 'b', 'a', 'b'] })).status).toBe(HIT);
  expect((await ask({ ...request, documents: ['a', 'b'] })).status).toBe(MISS);
  expect(sent()).toEqual([['a', 'b', 'c'], documents, ['a', 'b']]);
});

test('off, nothing is kept of any', async () => {
  await start({ CACHE_GRANULARITY: `${COHERE}=off` });
  const request = fresh({ documents: ['a', 'b'] });
  for (let i = 0; i < 2; i++) expect((await ask(request)).status).toBe(BYPASS);
  expect(sent()).toEqual([
    ['a', 'b'],
    ['a', 'b'],
  ]);
  expect(await gateway.metrics()).toMatch(/gateway_cache_entries\{[^}]*\} 0\n/);
});

test.each([
  ['shared', PARTIAL],
  ['client', MISS],
])('one client’s scores answer another when the scope is %s', async (CACHE_SCOPE, status) => {
  await start({ CACHE_SCOPE });
  const request = fresh({ documents: ['a', 'b', 'c'] });
  const more = { ...request, documents: ['a', 'b', 'd'] };
  await ask(request);
  expect((await ask(more, KEYS.chatbot)).status).toBe(status);
  // And his own, whatever the scope.
  expect((await ask(request, KEYS.search)).status).toBe(HIT);
  expect((await ask(more, KEYS.chatbot)).status).toBe(HIT);
});

test('a part that cannot be had fails the whole answer, and takes nothing from what is cached', async () => {
  await start();
  const request = fresh({ documents: ['a', 'b'] });
  await ask(request);
  gateway.simulator.fault({ kind: 'status', status: 500 }, 100);
  const headers = { prefer: 'wait=1' };
  const failed = await gateway.rerank({ ...request, documents: ['a', 'b', 'c'] }, { headers });
  expect(failed.status).toBe(502);
  expect((await ask(request)).status).toBe(HIT);
});
