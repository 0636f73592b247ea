import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { tokensOf } from '../../src/simulator/embeddings/answer.ts';
import { vectorOf } from '../../src/simulator/embeddings/vectors.ts';
import { COHERE, EMBED, KEYS, metric, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { bodyOf, embed, freshTexts, inputsOf, upstreamVector } from './embedding.ts';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway({ env: { VERIFY_RATE: '0' } });
});
afterAll(() => gateway.stop());
beforeEach(() => gateway.simulator.reset());

const ask = (input: unknown, more: object = {}) => gateway.embed({ model: EMBED, input, ...more });

describe('an answer', () => {
  test('has OpenAI’s form, and the numbers of the upstream as the shortest decimals', async () => {
    const [text = ''] = freshTexts(1);
    const response = await ask(text);
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(response.headers.get('cache-status')).toBe('rerank-gateway; fwd=miss; stored');
    expect(response.headers.get('x-ratelimit-limit-requests')).toBe('500');
    const tokens = tokensOf({ input: [text] });
    const { data, ...rest } = await bodyOf(response);
    expect(rest).toEqual({
      object: 'list',
      model: EMBED,
      usage: { prompt_tokens: tokens, total_tokens: tokens },
    });
    expect(data.map(({ embedding, ...each }) => each)).toEqual([{ object: 'embedding', index: 0 }]);
    const numbers = data[0]!.embedding as number[];
    expect(Float32Array.from(numbers)).toEqual(vectorOf(text, 'search_document'));
    expect(numbers.every((number) => Number(number.toPrecision(9)) === number)).toBe(true);
  });

  test('in base64, in numbers, of a string and of a list with it is one vector, embedded once', async () => {
    const [text = ''] = freshTexts(1);
    const { vectors } = await embed(gateway, text);
    expect(vectors).toEqual([upstreamVector(text)]);
    for (const [input, encoding_format] of [
      [text, 'float'],
      [[text], 'raw'],
      [[text], undefined],
    ]) {
      const response = await ask(input, { encoding_format });
      const { data, usage } = await bodyOf(response);
      expect(Buffer.from(Float32Array.from(data[0]!.embedding as number[]).buffer).toString('base64')).toBe(
        upstreamVector(text),
      );
      expect(usage.total_tokens).toBe(0);
      expect(response.headers.get('cache-status')).toBe('rerank-gateway; hit; detail=memory');
      expect(response.headers.get('age')).toMatch(/^\d+$/);
    }
    expect(inputsOf(gateway.simulator)).toEqual([[text]]);
  });

  test('is in the order of the texts, with duplicates, and only those that are new are sent', async () => {
    const [a = '', b = '', c = ''] = freshTexts(3);
    await embed(gateway, [a, b]);
    const { vectors, spent, cache } = await embed(gateway, [c, b, c, a]);
    expect(vectors).toEqual([c, b, c, a].map((text) => upstreamVector(text)));
    expect(inputsOf(gateway.simulator)).toEqual([[a, b], [c]]);
    expect(spent).toBe(tokensOf({ input: [c] }));
    expect(cache).toBe('rerank-gateway; fwd=partial; stored');
  });

  test('of more texts than a call takes is put together from as few as there must be', async () => {
    const texts = freshTexts(200);
    const { vectors, spent } = await embed(gateway, texts);
    expect(vectors).toEqual(texts.map((text) => upstreamVector(text)));
    expect(inputsOf(gateway.simulator).map(({ length }) => length)).toEqual([96, 96, 8]);
    expect(spent).toBe(tokensOf({ input: texts }));
  });

  test.each(['search_query', 'classification', 'clustering'])('for %s is another one', async (input_type) => {
    const [text = ''] = freshTexts(1);
    await embed(gateway, text);
    expect((await embed(gateway, text, { input_type })).vectors).toEqual([upstreamVector(text, input_type)]);
    expect(gateway.simulator.calls.at(-1)!.body).toMatchObject({ input_type });
    expect(inputsOf(gateway.simulator)).toEqual([[text], [text]]);
  });

  test.each([
    ['int8', 1024, -128, 127],
    ['uint8', 1024, 0, 255],
    ['binary', 128, -128, 127],
    ['ubinary', 128, 0, 255],
  ] as const)('of type %s is %i bytes', async (embedding_type, length, least, most) => {
    const [text = ''] = freshTexts(1);
    await embed(gateway, text);
    const { vectors } = await embed(gateway, text, { embedding_type });
    const { data } = await bodyOf(await ask(text, { embedding_type }));
    const numbers = data[0]!.embedding as number[];
    expect(numbers).toHaveLength(length);
    expect(numbers.every((n) => Number.isInteger(n) && n >= least && n <= most)).toBe(true);
    expect([...Buffer.from(vectors[0]!, 'base64')]).toEqual([...Uint8Array.from(numbers)]);
    expect(gateway.simulator.calls.at(-1)!.body).toMatchObject({ embedding_type, encoding_format: 'base64' });
  });

  test('may be had at whatever path clients make of a base URL', async () => {
    const [text] = freshTexts(1);
    for (const path of ['/embeddings', '/v1/v1/embeddings', '//v1/embeddings/']) {
      const response = await fetch(`${gateway.url}${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${KEYS.search}` },
        body: JSON.stringify({ input: text }),
      });
      expect((await bodyOf(response)).model).toBe(EMBED);
    }
  });

  test('obeys the caller’s Cache-Control', async () => {
    const [text = ''] = freshTexts(1);
    const control = (value: string) =>
      gateway.embed({ model: EMBED, input: text }, { headers: { 'cache-control': value } });
    expect((await control('only-if-cached')).status).toBe(504);
    expect((await control('no-store')).headers.get('cache-status')).toBe('rerank-gateway; fwd=bypass');
    expect((await control('no-cache')).headers.get('cache-status')).toBe(
      'rerank-gateway; fwd=bypass; stored',
    );
    expect((await control('only-if-cached')).headers.get('cache-status')).toContain('hit');
    expect(inputsOf(gateway.simulator)).toEqual([[text], [text]]);
  });
});

describe('a request is refused', () => {
  test.each<[unknown, object, number, string]>([
    [['a', ''], {}, 400, 'input[1]'],
    [['a', 'ü'.repeat(1025)], {}, 400, 'input[1]'],
    ['a', { dimensions: 512 }, 400, 'dimensions'],
    ['a', { input_type: 'query' }, 400, 'input_type'],
    ['a', { model: COHERE }, 404, 'model'],
    ['a', { model: 'unknown' }, 404, 'model'],
  ])('%.40j %j: %i, and %s is named', async (input, more, status, param) => {
    const response = await ask(input, more);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ error: { param, type: 'invalid_request_error' } });
    expect(gateway.simulator.calls).toEqual([]);
  });

  test('without a key; and a model of embeddings does not rerank', async () => {
    expect((await gateway.embed({ input: 'a' }, { headers: { authorization: '' } })).status).toBe(401);
    expect((await gateway.rerank({ model: EMBED, query: 'a', documents: ['b'] })).status).toBe(404);
  });

  test('and not for `user`, fields that nobody knows, or the model’s own number of dimensions', async () => {
    const [text] = freshTexts(1);
    expect((await ask(text, { user: 'me', truncate: 'END', dimensions: 1024 })).status).toBe(200);
    expect(Object.keys(gateway.simulator.calls[0]!.body as object).sort()).toEqual([
      'embedding_type',
      'encoding_format',
      'input',
      'input_type',
      'model',
    ]);
  });
});

test('a text that the firewall refuses is named, and the others are kept', async () => {
  const [a = '', b = ''] = freshTexts(2);
  const refused = await ask([a, 'see http://localhost:3000/', b, a]);
  expect(refused.status).toBe(400);
  expect(await refused.json()).toMatchObject({ error: { param: 'input[1]' } });
  expect((await embed(gateway, [a, b])).spent).toBe(0);
});

test('lists say of what type each model is', async () => {
  const heroku = (await (await fetch(`${gateway.url}/available-models`)).json()) as object[];
  expect(heroku).toContainEqual({ model_id: EMBED, type: ['text-to-embedding'], regions: [] });
  expect(heroku).toContainEqual({ model_id: COHERE, type: ['text-to-ranking'], regions: [] });
  const models = await fetch(`${gateway.url}/v1/models`, {
    headers: { authorization: `Bearer ${KEYS.search}` },
  });
  const { data } = (await models.json()) as { data: { id: string; limit: number }[] };
  expect(data.find(({ id }) => id === EMBED)).toMatchObject({ limit: 500 });
});

test('metrics and log tell tokens where rerank has search units, and no text', async () => {
  const texts = freshTexts(3);
  const before = metric(await gateway.metrics(), 'gateway_upstream_tokens_total');
  const { spent } = await embed(gateway, texts);
  const text = await gateway.metrics();
  expect(metric(text, 'gateway_upstream_tokens_total', { model: EMBED }) - before).toBe(spent);
  expect(metric(text, 'gateway_client_tokens_total', { client: 'search' })).toBeGreaterThanOrEqual(spent);
  expect(text).not.toMatch(new RegExp(`search_units_total.*${EMBED}`));
  const line = JSON.parse(gateway.log.findLast((each) => each.includes(EMBED))!);
  expect(line).toMatchObject({ model: EMBED, documents: 3, tokens: spent, path: '/v1/embeddings' });
  expect(line).not.toHaveProperty('searchUnits');
  expect(gateway.log.join('')).not.toContain(texts[0]);
});
