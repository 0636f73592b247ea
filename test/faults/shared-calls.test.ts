/** Calls that several requests share, and that the upstream refuses for one caller's document. */

import { afterAll, describe, expect, test } from 'vitest';
import type { Fault } from '../../src/simulator/server.ts';
import { bodyOf, errorAnswer, fresh } from '../e2e/requests.ts';
import { until } from '../support/fakes.ts';
import {
  COHERE,
  KEYS,
  metric,
  startTestGateway,
  type TestGateway,
  type TestGatewayOptions,
} from '../support/gateway.ts';

const LIMIT = 3;
const WINDOW_MS = 2000;

const gateways: TestGateway[] = [];
afterAll(async () => {
  await Promise.all(gateways.map((gateway) => gateway.stop()));
});

const start = async (options: TestGatewayOptions): Promise<TestGateway> => {
  const gateway = await startTestGateway(options);
  gateways.push(gateway);
  return gateway;
};

/** A gateway whose window is full for a moment: what is asked of it now waits, and is put into one call. */
const startFull = async (): Promise<TestGateway> => {
  const gateway = await start({
    env: {
      VERIFY_RATE: '0',
      MODEL_LIMITS: `${COHERE}=${LIMIT}`,
      RATE_WINDOW_MS: String(WINDOW_MS),
    },
    simulator: { limits: { [COHERE]: LIMIT }, windowMs: WINDOW_MS, rateLimitHeaders: true },
  });
  for (let i = 0; i < LIMIT; i++) await bodyOf(await gateway.rerank(fresh()));
  return gateway;
};

const as = (key: string) => ({ headers: { authorization: `Bearer ${key}` } });
const waiting = async (gateway: TestGateway): Promise<number> =>
  metric(await gateway.metrics(), 'gateway_requests_in_flight');

const BAD = 'DOCTEXT-BAD of one caller';
const refusals: readonly [name: string, status: number, fault: Fault, told: string | undefined][] = [
  ['400', 400, { kind: 'status', status: 400, message: `too long: ${BAD}` }, BAD],
  ['413', 413, { kind: 'status', status: 413, message: `too large: ${BAD}` }, BAD],
  ['422', 422, { kind: 'status', status: 422, message: `not processable: ${BAD}` }, BAD],
  ['451, which nobody has named', 451, { kind: 'status', status: 451, message: `law: ${BAD}` }, BAD],
  ['a page with 403', 400, { kind: 'status', status: 403, page: `<html>Request blocked</html>` }, undefined],
  ['a page with 413', 413, { kind: 'status', status: 413, page: '<html>too large</html>' }, undefined],
];

describe('a merged call that is refused for one document', () => {
  // At once: each waits for its window.
  test.concurrent.each(refusals)('answers everybody but its owner: %s', async (_, status, fault, told) => {
    const gateway = await startFull();
    gateway.simulator.faultWhen(({ documents }) => documents.includes(BAD), fault);
    const { query } = fresh();
    const ask = (documents: string[], key: string) =>
      gateway.rerank({ model: COHERE, query, documents }, as(key));
    const good = ask(['DOCTEXT one', 'DOCTEXT two'], KEYS.search);
    await until(async () => (await waiting(gateway)) === 1);
    const bad = ask(['DOCTEXT three', BAD], KEYS.chatbot);
    const other = ask(['DOCTEXT four'], KEYS.evaluation);

    for (const [answer, count] of [
      [await good, 2],
      [await other, 1],
    ] as const) {
      const { results } = await bodyOf(answer);
      expect(results).toHaveLength(count);
    }
    const refused = await errorAnswer(await bad);
    expect(refused.status).toBe(status);
    if (told !== undefined) expect(refused.text.includes(told)).toBe(true);
    else expect(JSON.parse(refused.text)).toMatchObject({ error: { type: 'invalid_request_error' } });
    // They were one call at first.
    const held = gateway.simulator.calls.map(({ body }) => (body as { documents: string[] }).documents);
    expect(held.some((documents) => documents.includes(BAD) && documents.includes('DOCTEXT one'))).toBe(true);
    expect(gateway.log.some((line) => line.includes('DOCTEXT'))).toBe(false);
  });
});

test('who joins a call under way for a document that is fine is answered though the call is refused', async () => {
  const gateway = await start({ env: { VERIFY_RATE: '0' } });
  gateway.simulator.latency([100, 100]);
  gateway.simulator.faultWhen(({ documents }) => documents.includes(BAD), {
    kind: 'status',
    status: 400,
    message: `documents[1]: ${BAD}`,
  });
  const { query } = fresh();
  const ask = (documents: string[], key: string) =>
    gateway.rerank({ model: COHERE, query, documents }, as(key));
  const leader = ask(['DOCTEXT shared', BAD], KEYS.chatbot);
  await until(() => gateway.simulator.calls.length === 1);
  const joiner = await ask(['DOCTEXT shared'], KEYS.search);
  const text = await joiner.text();
  expect(joiner.status).toBe(200);
  expect(text).not.toContain('BAD');
  expect((await leader).status).toBe(400);
});
