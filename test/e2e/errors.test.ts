import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AMAZON, COHERE, KEYS, metric, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { bodyOf, expectError, fresh, INVALID } from './requests.ts';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway({
    env: { GATEWAY_KEYS: `search:${KEYS.search},chatbot:${KEYS.chatbot};models=${AMAZON}` },
  });
});
afterAll(() => gateway.stop());

const post = (path: string, init: RequestInit = {}): Promise<Response> =>
  fetch(`${gateway.url}${path}`, { method: 'POST', body: JSON.stringify(fresh()), ...init });

describe('a request that is not one', () => {
  test.each([
    ['empty', ''],
    ['cut off', '{"model": "cohere-rerank-3-5", "query": "QUERYTEXT'],
    ['JSON with something behind it', `${JSON.stringify(fresh())} QUERYTEXT`],
    ['not UTF-8', new Uint8Array([0x22, 0xff, 0xfe, 0x22])],
    ['a list', '[]'],
    ['null', 'null'],
    ['a string', '"QUERYTEXT"'],
    ['a list nested 100,000 levels deep', '['.repeat(100_000) + ']'.repeat(100_000)],
    ['an unfinished list nested 100,000 levels deep', '['.repeat(100_000)],
  ])('is refused when its body is %s', async (_, body) => {
    const answer = await post('/v1/rerank', { body, headers: { authorization: `Bearer ${KEYS.search}` } });
    await expectError(answer, INVALID, gateway);
  });
});

describe('a field out of its rule is refused, and the message names it:', () => {
  const many = (n: number) => Array.from({ length: n }, (_, i) => `DOCTEXT ${i}`);
  const wrong: readonly (readonly [string, string, unknown])[] = [
    ['model', 'a number', 7],
    ['model', 'an empty string', ''],
    ['model', 'a list', [COHERE]],
    ['query', 'a number', 7],
    ['query', 'an object', { text: 'QUERYTEXT' }],
    ['query', 'empty', ''],
    ['query', 'blank', ' \t\n\u00a0'],
    ['query', 'null', null],
    ['documents', 'a string', 'DOCTEXT'],
    ['documents', 'an object', { 0: 'DOCTEXT' }],
    ['documents', 'null', null],
    ['documents', 'empty', []],
    ['documents', '1001 documents', many(1001)],
    ['documents[1]', 'an empty string', ['DOCTEXT', '']],
    ['documents[1]', 'a number', ['DOCTEXT', 7]],
    ['documents[0]', 'null', [null]],
    ['documents[0]', 'a list', [['DOCTEXT']]],
    ['documents[0]', 'an object without text', [{ title: 'DOCTEXT' }]],
    ['documents[0]', 'an object with a text that is an object', [{ text: { text: 'DOCTEXT' } }]],
    ['top_n', '0', 0],
    ['top_n', '-1', -1],
    ['top_n', '1.5', 1.5],
    ['top_n', 'a string', '2'],
    ['top_n', 'true', true],
    ['return_documents', 'a string', 'yes'],
    ['return_documents', 'a number', 1],
    ['rank_fields', 'a string', 'title'],
    ['rank_fields', 'a list of numbers', [1]],
  ];
  test.each(wrong)('%s that is %s', async (field, _, value) => {
    const [name = ''] = field.split('[');
    const message = await expectError(await gateway.rerank(fresh({ [name]: value })), INVALID, gateway);
    expect(message).toContain(`\`${field}\``);
  });

  test.each(['query', 'documents'])('%s that is absent', async (field) => {
    const message = await expectError(await gateway.rerank(fresh({ [field]: undefined })), INVALID, gateway);
    expect(message).toContain(`\`${field}\``);
  });

  test('model that is absent where there are several to choose from', async () => {
    for (const model of [undefined, null]) {
      const message = await expectError(await gateway.rerank(fresh({ model })), INVALID, gateway);
      expect(message).toContain('`model`');
    }
  });

  test('query or document with a lone surrogate, however it is escaped', async () => {
    for (const [field, body] of [
      ['query', `{"model":"${COHERE}","query":"QUERYTEXT \\ud800","documents":["a"]}`],
      ['query', `{"model":"${COHERE}","query":"\\udc00\\ud800","documents":["a"]}`],
      ['documents[1]', `{"model":"${COHERE}","query":"q","documents":["a","\\uDFFF DOCTEXT"]}`],
      ['documents[0]', `{"model":"${COHERE}","query":"q","documents":[{"text":"DOCTEXT \\ud800"}]}`],
    ] as const) {
      const message = await expectError(await gateway.rerank(body), INVALID, gateway);
      expect(message).toContain(`\`${field}\``);
    }
    const paired = `{"model":"${COHERE}","query":"\\ud83d\\ude00","documents":["a"]}`;
    expect((await gateway.rerank(paired)).status).toBe(200);
  });

  test('a document nested too deep, whether or not it is to be returned', async () => {
    const deep = '['.repeat(100_000) + ']'.repeat(100_000);
    const body = (returned: boolean) =>
      `{"model":"${COHERE}","query":"q","documents":[{"text":"a","deep":${deep}}],"return_documents":${returned}}`;
    for (const returned of [true, false]) {
      const message = await expectError(await gateway.rerank(body(returned)), INVALID, gateway);
      expect(message).toContain('`documents[0]`');
    }
  });

  test('but a top_n beyond the documents is cut to them', async () => {
    const { results } = await bodyOf(await gateway.rerank(fresh({ top_n: 1e9 })));
    expect(results).toHaveLength(3);
  });

  test('and 1000 documents are not too many', async () => {
    const { results } = await bodyOf(await gateway.rerank(fresh({ documents: many(1000) })));
    expect(results).toHaveLength(1000);
  });
});

describe('who may ask', () => {
  const basic = `Basic ${Buffer.from(`search:${KEYS.search}`).toString('base64')}`;
  test.each([
    ['no key', undefined],
    ['a wrong key', 'Bearer wrong-key-SECRET-9999'],
    ['half a key', `Bearer ${KEYS.search.slice(0, -1)}`],
    ['the scheme without a key', 'Bearer'],
    ['the key alone', KEYS.search],
    ['a key in the scheme Basic', basic],
    ['a key in the scheme Token', `Token ${KEYS.search}`],
    ['two keys', `Bearer ${KEYS.search} ${KEYS.chatbot}`],
  ])('is nobody with %s', async (_, authorization) => {
    for (const path of ['/v1/rerank', '/v2/rerank/']) {
      const answer = await post(path, { headers: authorization ? { authorization } : {} });
      expect(answer.headers.get('www-authenticate')).toBe('Bearer');
      await expectError(answer, { status: 401, type: 'authentication_error' }, gateway);
    }
  });

  test.each(['Bearer', 'bearer', 'BEARER'])('is whoever has a key in the scheme %s', async (scheme) => {
    const answer = await post('/v1/rerank', { headers: { authorization: `${scheme} ${KEYS.search}` } });
    expect(answer.status).toBe(200);
  });

  test.each(['no-such-model', 'other', '__proto__', 'constructor', '\ud800'])(
    'an unknown model is a 404',
    async (model) => {
      const answer = await gateway.rerank(fresh({ model }));
      await expectError(answer, { status: 404, type: 'invalid_request_error' }, gateway);
    },
  );

  test('a model that is not for this client is a 403, and its own one answers', async () => {
    const headers = { authorization: `Bearer ${KEYS.chatbot}` };
    const foreign = await gateway.rerank(fresh({ model: COHERE }), { headers });
    const message = await expectError(foreign, { status: 403, type: 'authorization_error' }, gateway);
    expect(message).toContain('`model`');
    expect((await gateway.rerank(fresh({ model: AMAZON }), { headers })).status).toBe(200);
  });
});

describe('routes', () => {
  test.each(['/vx/rerank', '/v1/rerank/extra', '/v1', '/v1/rerank%00', '/../v1/embed'])(
    '%s is not one of POST',
    async (path) => {
      await expectError(await post(path), { status: 404, type: 'invalid_request_error' }, gateway);
    },
  );

  test('the console is a page to be read', async () => {
    const answer = await post('/');
    expect(answer.headers.get('allow')).toBe('GET');
    await expectError(answer, { status: 405, type: 'invalid_request_error' }, gateway);
  });

  test.each(['GET', 'PUT', 'PATCH', 'DELETE'])('%s is no way to rerank', async (method) => {
    for (const path of ['/v1/rerank', '/rerank/']) {
      const answer = await fetch(`${gateway.url}${path}`, { method });
      expect(answer.headers.get('allow')).toBe('POST');
      await expectError(answer, { status: 405, type: 'invalid_request_error' }, gateway);
    }
  });
});

test('no refused request has reached the upstream', async () => {
  const asked = await gateway.metrics();
  expect(gateway.simulator.calls.length).toBe(metric(asked, 'gateway_upstream_requests_total'));
  expect(gateway.simulator.calls.every(({ status }) => status === 200)).toBe(true);
});
