import { describe, expect, test } from 'vitest';
import { AMAZON, BODY, COHERE, COHERE_ONLY, KEY, rerank, simulate } from './harness.ts';

const error = (code: number, type: string) => ({ error: { code, type, message: expect.any(String) } });

describe('routes', () => {
  test('anything but the two routes is a 404 in JSON', async () => {
    const { url, calls } = await simulate();
    for (const [method, path] of [
      ['GET', '/'],
      ['GET', '/v1/rerank'],
      ['POST', '/v1/rerank/'],
      ['POST', '/v2/rerank'],
      ['POST', '/available-models'],
    ] as const) {
      const response = await fetch(url + path, { method });
      expect([path, response.status]).toEqual([path, 404]);
      expect(await response.json()).toEqual(error(404, 'invalid_request_error'));
    }
    expect(calls).toHaveLength(0);
  });

  test('models are listed without a key', async () => {
    const { url } = await simulate();
    const response = await fetch(`${url}/available-models`);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual(
      [COHERE, AMAZON].map((model_id) => ({ model_id, regions: ['us', 'eu'], type: ['text-to-ranking'] })),
    );
  });
});

describe('authentication', () => {
  test.each([null, '', 'Bearer', 'Bearer wrong', `Basic ${KEY}`, KEY, 'Bearer constructor'])(
    'Authorization %j is a 401',
    async (authorization) => {
      const answer = await rerank(await simulate(), BODY, { authorization });
      expect(answer.status).toBe(401);
      expect(answer.body).toEqual(error(401, 'authentication_error'));
      expect(answer.headers.get('x-ratelimit-limit-requests')).toBeNull();
    },
  );

  test.each(['bearer', 'BEARER', 'Bearer'])('the scheme %s is accepted', async (scheme) => {
    expect((await rerank(await simulate(), BODY, { authorization: `${scheme} ${KEY}` })).status).toBe(200);
  });

  test('a valid key with a model that is not its own is a 403', async () => {
    const authorization = `Bearer ${COHERE_ONLY}`;
    const simulator = await simulate();
    const answer = await rerank(simulator, { ...BODY, model: AMAZON }, { authorization });
    expect(answer.status).toBe(403);
    expect(answer.body).toEqual(error(403, 'authorization_error'));
    expect((await rerank(simulator, BODY, { authorization })).status).toBe(200);
  });

  test.each(['gpt', 'constructor', '__proto__'])('the unknown model %s is a 404', async (model) => {
    const answer = await rerank(await simulate(), { ...BODY, model });
    expect(answer.status).toBe(404);
    expect(answer.body).toEqual(error(404, 'invalid_request_error'));
  });
});

describe('validation', () => {
  const { model: _, ...modelless } = BODY;
  const { query: __, ...queryless } = BODY;
  const { documents: ___, ...documentless } = BODY;

  test.each<[string, unknown, string]>([
    ['no body', '', 'JSON'],
    ['a body that is no JSON', '{"model":', 'JSON'],
    ['an array', [], 'JSON object'],
    ['null', null, 'JSON object'],
    ['no model', modelless, 'model'],
    ['a null model', { ...BODY, model: null }, 'model'],
    ['no query', queryless, 'query'],
    ['an empty query', { ...BODY, query: '' }, 'query'],
    ['a blank query', { ...BODY, query: ' \n\t' }, 'query'],
    ['a numeric query', { ...BODY, query: 7 }, 'query'],
    ['no documents', documentless, 'documents'],
    ['documents that are a string', { ...BODY, documents: 'text' }, 'documents'],
    ['an empty list of documents', { ...BODY, documents: [] }, 'documents'],
    ['1001 documents', { ...BODY, documents: new Array(1001).fill('a') }, 'documents'],
    ['an object as document', { ...BODY, documents: [{ text: 'a' }] }, 'documents'],
    ['an empty document', { ...BODY, documents: ['a', ''] }, 'documents'],
    ['top_n of 0', { ...BODY, top_n: 0 }, 'top_n'],
    ['a fractional top_n', { ...BODY, top_n: 1.5 }, 'top_n'],
    ['a top_n in a string', { ...BODY, top_n: '1' }, 'top_n'],
    ['a null top_n', { ...BODY, top_n: null }, 'top_n'],
    ['a top_n above the number of documents', { ...BODY, top_n: 4 }, 'top_n'],
    ['an unknown field', { ...BODY, return_documents: false }, 'return_documents'],
  ])('%s is a 400 that names the problem', async (_name, body, part) => {
    const answer = await rerank(await simulate(), body);
    expect(answer.status).toBe(400);
    expect(answer.body).toEqual(error(400, 'invalid_request_error'));
    expect(answer.body.error.message).toContain(part);
  });

  test('1000 documents and a top_n of all of them pass', async () => {
    const documents = Array.from({ length: 1000 }, (_, i) => `document ${i}`);
    const answer = await rerank(await simulate(), { ...BODY, documents, top_n: 1000 });
    expect(answer.status).toBe(200);
    expect(answer.body.results).toHaveLength(1000);
    expect(answer.body.meta.billed_units.search_units).toBe(10);
  });
});

test('options out of their range are refused at start', async () => {
  await expect(simulate({ windowMs: 0 })).rejects.toThrow(RangeError);
  await expect(simulate({ limits: { [COHERE]: 1.5 } })).rejects.toThrow(RangeError);
  await expect(simulate({ latencyMs: [5, 1] })).rejects.toThrow(RangeError);
});
