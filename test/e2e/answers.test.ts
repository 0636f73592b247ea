import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AMAZON, COHERE, KEYS, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { bodyOf, fresh } from './requests.ts';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway({
    env: { GATEWAY_KEYS: `search:${KEYS.search},chatbot:${KEYS.chatbot};models=${AMAZON}` },
  });
});
afterAll(() => gateway.stop());

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const HIT = 'rerank-gateway; hit; detail=memory';

/** What the last call sent upstream. */
const sent = (): unknown => gateway.simulator.calls.at(-1)!.body;

test('an answer has an id, the ranking and what it cost, and nothing else', async () => {
  const answer = await bodyOf(await gateway.rerank(fresh()));
  expect(answer).toEqual({
    id: expect.stringMatching(UUID),
    results: expect.any(Array),
    meta: {
      api_version: { version: '2', is_experimental: false },
      billed_units: { search_units: 1 },
    },
  });
  for (const result of answer.results) expect(Object.keys(result)).toEqual(['index', 'relevance_score']);
  const scores = answer.results.map(({ relevance_score }) => relevance_score);
  expect(scores).toEqual([...scores].sort((a, b) => b - a));
});

test('documents of the same text tie, in the order of their index', async () => {
  const { results } = await bodyOf(await gateway.rerank(fresh({ documents: ['b', 'a', 'b', 'a', 'b'] })));
  const indexes = results.map(({ index }) => index).join('');
  expect(['02413', '13024']).toContain(indexes);
});

describe('only model, query and documents go upstream', () => {
  test('whatever else is in the request, known or not', async () => {
    const request = fresh({ documents: ['x', 'y', 'z'] });
    const answer = await gateway.rerank({
      ...request,
      top_n: 1,
      return_documents: true,
      rank_fields: ['text'],
      max_tokens_per_doc: 100,
      max_chunks_per_doc: 5,
      priority: 3,
      maxTokensPerDoc: 7,
      surprise: { nested: ['QUERYTEXT'] },
    });
    expect((await bodyOf(answer)).meta.warnings).toEqual([
      'max_tokens_per_doc is ignored',
      'max_chunks_per_doc is ignored',
      'priority is ignored',
    ]);
    expect(sent()).toEqual(request);
  });

  test('and the headers of the caller stay here, his key first of all', async () => {
    await bodyOf(await gateway.rerank(fresh(), { headers: { cookie: 'a=b', 'x-portkey-config': 'c' } }));
    const { headers } = gateway.simulator.calls.at(-1)!;
    expect(JSON.stringify(headers).includes(KEYS.search)).toBe(false);
    expect(headers.cookie).toBeUndefined();
    expect(headers['x-portkey-config']).toBeUndefined();
  });

  test('identical documents are sent once', async () => {
    const documents = ['x', 'y', 'x', { text: 'y' }, { text: 'x', id: 7 }, 'z'];
    const { results } = await bodyOf(await gateway.rerank(fresh({ documents })));
    expect(sent()).toMatchObject({ documents: ['x', 'y', 'z'] });
    expect(results).toHaveLength(6);
  });
});

describe('a field that is null is absent', () => {
  test('for every optional field', async () => {
    const request = fresh();
    const { results, meta } = await bodyOf(
      await gateway.rerank({
        ...request,
        top_n: null,
        return_documents: null,
        rank_fields: null,
        max_tokens_per_doc: null,
        max_chunks_per_doc: null,
        priority: null,
      }),
    );
    expect(results).toHaveLength(3);
    expect(results[0]).not.toHaveProperty('document');
    expect(meta).not.toHaveProperty('warnings');
    expect(sent()).toEqual(request);
  });

  test.each([undefined, null])('for the model, where the client has only one', async (model) => {
    const headers = { authorization: `Bearer ${KEYS.chatbot}` };
    await bodyOf(await gateway.rerank(fresh({ model }), { headers }));
    expect(sent()).toMatchObject({ model: AMAZON });
  });
});

describe('return_documents', () => {
  const documents = ['plain', { text: 'with text', id: 7, more: { deep: [null, 'ü'] } }];
  const documentsOf = async (over: object): Promise<unknown[]> => {
    const { results } = await bodyOf(await gateway.rerank(fresh({ documents, ...over })));
    return [...results].sort((a, b) => a.index - b.index).map((result) => result.document);
  };

  test('returns a string as its text, and an object as it was sent', async () => {
    expect(await documentsOf({ return_documents: true })).toEqual([{ text: 'plain' }, documents[1]]);
  });

  test('is no reason to ask again, and no part of what is kept', async () => {
    const request = fresh({ documents });
    await bodyOf(await gateway.rerank(request));
    const answer = await gateway.rerank({ ...request, return_documents: true, top_n: 1 });
    expect(answer.headers.get('cache-status')).toBe(HIT);
    expect((await bodyOf(answer)).results[0]!.document).toBeDefined();
    expect((await bodyOf(await gateway.rerank(request))).results[0]).not.toHaveProperty('document');
  });

  test.each([false, undefined])('otherwise leaves the field out, never null (%s)', async (flag) => {
    const { results } = await bodyOf(await gateway.rerank(fresh({ documents, return_documents: flag })));
    for (const result of results) expect(result).not.toHaveProperty('document');
  });
});

describe('rank_fields', () => {
  const document = { title: 'T', text: 'B', year: 2020, draft: false, empty: '', none: null };
  const textOf = async (over: object): Promise<unknown> => {
    await bodyOf(await gateway.rerank(fresh({ documents: [document], ...over })));
    return (sent() as { documents: unknown[] }).documents[0];
  };

  test('names the fields that are ranked, in their order', async () => {
    expect(await textOf({ rank_fields: ['title', 'text'] })).toBe('T\nB');
    expect(await textOf({ rank_fields: ['text', 'title'] })).toBe('B\nT');
  });

  test('takes numbers and booleans as their text, and skips what is not there', async () => {
    expect(await textOf({ rank_fields: ['year', 'empty', 'none', 'absent', 'draft'] })).toBe('2020\nfalse');
  });

  test.each([undefined, null, []])('is `text` by default', async (fields) => {
    expect(await textOf({ rank_fields: fields })).toBe('B');
  });
});

describe('top_n is a view', () => {
  test('the whole ranking is asked for and kept, whichever part is wanted first', async () => {
    const request = fresh();
    const first = await bodyOf(await gateway.rerank({ ...request, top_n: 1 }));
    expect(sent()).not.toHaveProperty('top_n');
    const calls = gateway.simulator.calls.length;
    for (const top_n of [2, 3, 50, undefined]) {
      const answer = await gateway.rerank({ ...request, top_n });
      expect(answer.headers.get('cache-status')).toBe(HIT);
      const { results, meta } = await bodyOf(answer);
      expect(results).toHaveLength(Math.min(3, top_n ?? 3));
      expect(results[0]).toEqual(first.results[0]);
      expect(meta.billed_units.search_units).toBe(0);
    }
    expect(gateway.simulator.calls).toHaveLength(calls);
  });
});

describe.each([COHERE, AMAZON])('of the identity for %s', (model) => {
  test('neither the order of documents nor duplicates are part', async () => {
    const request = fresh({ model, documents: ['a', 'b', 'c'] });
    const first = await bodyOf(await gateway.rerank(request));
    const scoreOf = new Map(first.results.map((r) => ['abc'[r.index], r.relevance_score]));
    for (const documents of [
      ['c', 'a', 'b'],
      ['b', 'b', 'a', 'c', 'a'],
      [{ text: 'c', id: 1 }, 'b', 'a'],
    ]) {
      const answer = await gateway.rerank({ ...request, documents });
      expect(answer.headers.get('cache-status')).toBe(HIT);
      for (const { index, relevance_score } of (await bodyOf(answer)).results) {
        const document = documents[index]!;
        expect(relevance_score).toBe(scoreOf.get(typeof document === 'string' ? document : document.text));
      }
    }
  });

  test('query, model and texts are, to the last character', async () => {
    const request = fresh({ model, documents: ['a', 'b'] });
    await bodyOf(await gateway.rerank(request));
    for (const other of [
      { query: `${request.query} ` },
      { documents: ['a', 'b '] },
      { documents: ['a', 'B'] },
      { documents: ['ab'] },
      { model: model === COHERE ? AMAZON : COHERE },
    ]) {
      const answer = await gateway.rerank({ ...request, ...other });
      expect(answer.headers.get('cache-status')).toMatch(/^rerank-gateway; fwd=(miss|partial); stored$/);
    }
  });
});

test.each(['application/x-www-form-urlencoded', 'text/plain', 'multipart/form-data; boundary=x', ''])(
  'a body is JSON whatever its Content-Type says (%s)',
  async (type) => {
    await bodyOf(await gateway.rerank(fresh(), { headers: { 'content-type': type } }));
  },
);

test.each(['/v1/rerank', '/v2/rerank', '/rerank', '/v1/v2/rerank', '/v2/v2/rerank'])(
  '%s is a way to the same answer, with a slash at its end or a query string too',
  async (path) => {
    const body = JSON.stringify({ ...fresh(), query: 'the same on all routes' });
    const headers = { authorization: `Bearer ${KEYS.search}` };
    const answers = await Promise.all(
      [path, `${path}/`, `${path}?version=2`].map(async (spelled) =>
        bodyOf(await fetch(`${gateway.url}${spelled}`, { method: 'POST', headers, body })),
      ),
    );
    const { results } = await bodyOf(await gateway.rerank(body));
    for (const answer of answers) expect(answer.results).toEqual(results);
  },
);

test('search units are those that the upstream billed', async () => {
  const documents = Array.from({ length: 250 }, (_, i) => `document ${i}`);
  const { meta } = await bodyOf(await gateway.rerank(fresh({ documents })));
  expect(meta.billed_units.search_units).toBe(3);
});
