import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  AMAZON,
  COHERE,
  EMBED,
  KEYS,
  startTestGateway,
  type TestGateway,
  UPSTREAM_KEY,
} from '../support/gateway.ts';
import { bodyOf, expectError, fresh } from './requests.ts';

let gateway: TestGateway;

const start = async (env: Record<string, string> = {}): Promise<void> => {
  gateway = await startTestGateway({
    env: { GATEWAY_KEYS: `search:${KEYS.search},chatbot:${KEYS.chatbot};models=${AMAZON}`, ...env },
  });
};

beforeEach(() => start());
afterEach(() => gateway.stop());

const models = (key?: string, init: RequestInit = {}): Promise<Response> =>
  fetch(`${gateway.url}/v1/models`, { headers: key ? { authorization: `Bearer ${key}` } : {}, ...init });

const entry = (id: string, limit: number, remaining = limit, waiting = 0) => ({
  id,
  object: 'model',
  owned_by: 'heroku',
  limit,
  remaining,
  waiting,
});

describe('GET /v1/models', () => {
  test('lists every model for a client that may use all', async () => {
    const answer = await models(KEYS.search);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({
      object: 'list',
      data: [entry(COHERE, 250), entry(AMAZON, 200), entry(EMBED, 500)],
    });
  });

  test('lists only its own for a client that may not', async () => {
    expect(await (await models(KEYS.chatbot)).json()).toEqual({ object: 'list', data: [entry(AMAZON, 200)] });
  });

  test('tells how many calls of the window are left', async () => {
    await bodyOf(await gateway.rerank(fresh()));
    await bodyOf(await gateway.rerank(fresh()));
    const { data } = (await (await models(KEYS.search)).json()) as { data: unknown[] };
    expect(data).toEqual([entry(COHERE, 250, 248), entry(AMAZON, 200), entry(EMBED, 500)]);
  });

  test.each([undefined, 'wrong-key-SECRET-9999', UPSTREAM_KEY])('is closed without a key', async (key) => {
    const answer = await models(key);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    await expectError(answer, { status: 401, type: 'authentication_error' }, gateway);
  });

  test('is the only method there', async () => {
    const answer = await models(KEYS.search, { method: 'POST' });
    expect(answer.headers.get('allow')).toBe('GET');
    await expectError(answer, { status: 405, type: 'invalid_request_error' }, gateway);
  });
});

describe('GET /v1/models/ID', () => {
  const model = (id: string, key?: string): Promise<Response> =>
    fetch(`${gateway.url}/v1/models/${id}`, { headers: key ? { authorization: `Bearer ${key}` } : {} });

  test('tells of one', async () => {
    expect(await (await model(AMAZON, KEYS.chatbot)).json()).toEqual(entry(AMAZON, 200));
  });

  test('tells why there is none', async () => {
    await expectError(
      await model('no-such', KEYS.search),
      { status: 404, type: 'invalid_request_error' },
      gateway,
    );
    await expectError(
      await model(COHERE, KEYS.chatbot),
      { status: 403, type: 'authorization_error' },
      gateway,
    );
    await expectError(await model(AMAZON), { status: 401, type: 'authentication_error' }, gateway);
  });
});

test('GET /available-models tells anybody what is served, as the upstream does', async () => {
  const answer = await fetch(`${gateway.url}/available-models`);
  expect(answer.status).toBe(200);
  expect(await answer.json()).toEqual([
    ...[COHERE, AMAZON].map((model_id) => ({ model_id, type: ['text-to-ranking'], regions: [] })),
    { model_id: EMBED, type: ['text-to-embedding'], regions: [] },
  ]);
});

test('several attachments add up, and one that is tied to a model serves only that', async () => {
  await gateway.stop();
  const { simulator } = gateway;
  gateway = await startTestGateway({
    env: {
      UPSTREAMS: 'RERANK,RERANK_EU',
      RERANK_EU_URL: simulator.url,
      RERANK_EU_KEY: `${UPSTREAM_KEY}-eu`,
      RERANK_EU_MODEL_ID: COHERE,
    },
  });
  const { data } = (await (await models(KEYS.search)).json()) as { data: unknown[] };
  expect(data).toEqual([entry(COHERE, 500), entry(AMAZON, 200), entry(EMBED, 500)]);
});
