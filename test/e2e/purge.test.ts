import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AMAZON, COHERE, KEYS, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { startRedis } from '../support/redis.ts';
import { bodyOf, expectError, fresh, INVALID } from './requests.ts';

const HIT = /^rerank-gateway; hit/;
const MISS = 'rerank-gateway; fwd=miss; stored';

const GATEWAY_KEYS = `search:${KEYS.search},chatbot:${KEYS.chatbot};admin,evaluation:${KEYS.evaluation};admin;models=${AMAZON}`;

let gateway: TestGateway;
beforeEach(async () => {
  gateway = await startTestGateway({ env: { GATEWAY_KEYS } });
});
afterEach(() => gateway.stop());

const purge = (query: string, key?: string, init: RequestInit = {}, where = gateway): Promise<Response> =>
  fetch(`${where.url}/v1/cache${query}`, {
    method: 'DELETE',
    headers: key === undefined ? {} : { authorization: `Bearer ${key}` },
    ...init,
  });

const statusOf = async (request: unknown, where = gateway): Promise<string | null> => {
  const answer = await where.rerank(request);
  await bodyOf(answer);
  return answer.headers.get('cache-status');
};

/** What the log says of purges. */
const told = (where = gateway) =>
  where.log.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'cache purged');

describe('DELETE /v1/cache', () => {
  test('forgets the scores of one model at once, and leaves those of the others', async () => {
    const requests = [fresh(), fresh({ model: AMAZON })];
    for (const request of requests) expect(await statusOf(request)).toBe(MISS);
    const answer = await purge(`?model=${COHERE}`, KEYS.chatbot);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({ object: 'cache', model: COHERE, purged: true });
    expect(await statusOf(requests[0])).toBe(MISS);
    expect(await statusOf(requests[1])).toMatch(HIT);
    expect(told()).toMatchObject([{ client: 'chatbot', model: COHERE, complete: true }]);
  });

  test('works again and again, each time on what was scored since', async () => {
    const request = fresh();
    for (let i = 0; i < 3; i++) {
      expect(await statusOf(request)).toBe(MISS);
      expect(await statusOf(request)).toMatch(HIT);
      expect((await purge(`?model=${COHERE}`, KEYS.chatbot)).status).toBe(200);
    }
  });

  test('is for admins only', async () => {
    const forbidden = { status: 403, type: 'authorization_error' };
    await expectError(await purge(`?model=${COHERE}`, KEYS.search), forbidden, gateway);
    await expectError(await purge(`?model=${COHERE}`, KEYS.evaluation), forbidden, gateway);
    const unknown = { status: 401, type: 'authentication_error' };
    await expectError(await purge(`?model=${COHERE}`), unknown, gateway);
  });

  test('has to name a model, and one that is served', async () => {
    expect(await expectError(await purge('', KEYS.chatbot), INVALID, gateway)).toContain('`model`');
    const notFound = { status: 404, type: 'invalid_request_error' };
    await expectError(await purge('?model=unknown', KEYS.chatbot), notFound, gateway);
  });

  test.each(['GET', 'POST', 'PUT'])('is the only method there, not %s', async (method) => {
    const answer = await purge(`?model=${COHERE}`, KEYS.chatbot, { method });
    expect(answer.headers.get('allow')).toBe('DELETE');
    await expectError(answer, { status: 405, type: 'invalid_request_error' }, gateway);
  });

  test('that other processes cannot be told of is a 503, and has worked here', async () => {
    const redis = await startRedis();
    const shared = await startTestGateway({ env: { GATEWAY_KEYS, REDIS_URL: redis.url } });
    const request = fresh();
    expect(await statusOf(request, shared)).toBe(MISS);
    await redis.kill();
    const answer = await purge(`?model=${COHERE}`, KEYS.chatbot, {}, shared);
    await expectError(answer, { status: 503, type: 'server_error' }, shared);
    expect(told(shared)).toMatchObject([{ client: 'chatbot', model: COHERE, complete: false }]);
    expect(await statusOf(request, shared)).toBe(MISS);
    await shared.stop();
  });
});
