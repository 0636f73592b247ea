import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { KEYS, metric, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { openRaw, type RawAnswer, requestHead } from '../support/raw-http.ts';
import { checkError, type ErrorAnswer, expectError, fresh, INVALID } from './requests.ts';

const TOO_LARGE = { status: 413, type: 'invalid_request_error' };
const MEGABYTE = 1024 * 1024;
const authorization = `Bearer ${KEYS.search}`;

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway.stop());

const asAnswer = ({ status, headers, body }: RawAnswer): ErrorAnswer => ({
  status,
  header: (name) => headers[name],
  text: body,
});

const counted = async (code: string): Promise<number> =>
  metric(await gateway.metrics(), 'gateway_requests_total', { outcome: 'invalid', code });

const until = async (condition: () => Promise<boolean>): Promise<void> => {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 10));
};

/** A document of that many bytes makes a valid request, were it not for its size. */
const bodyOfSize = (bytes: number): string => JSON.stringify(fresh({ documents: ['D'.repeat(bytes)] }));

describe('a body of 17 MB is answered with a 413 that its sender can read', () => {
  const large = bodyOfSize(17 * MEGABYTE);

  // Repeated, since an answer that races with a reset is read more often than not.
  test('when its length is declared', { repeats: 4 }, async () => {
    const before = await counted('413');
    const message = await expectError(await gateway.rerank(large), TOO_LARGE, gateway);
    expect(message).toContain(String(16 * MEGABYTE));
    expect(await counted('413')).toBe(before + 1);
  });

  test('when it is chunked', { repeats: 4 }, async () => {
    const before = await counted('413');
    const answer = await fetch(`${gateway.url}/v1/rerank`, {
      method: 'POST',
      headers: { authorization },
      body: new Blob([large]).stream(),
      duplex: 'half',
    } as RequestInit);
    await expectError(answer, TOO_LARGE, gateway);
    expect(await counted('413')).toBe(before + 1);
  });

  test.each([
    ['declared', { 'content-length': String(Buffer.byteLength(large)) }],
    ['chunked', { 'transfer-encoding': 'chunked' }],
  ])('by a client that reads only after it has sent everything, %s', async (_, framing) => {
    const answer = await new Promise<ErrorAnswer>((resolve, reject) => {
      const sending = request(
        `${gateway.url}/v1/rerank`,
        { method: 'POST', headers: { authorization, ...framing } },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', reject);
          response.on('end', () =>
            resolve({
              status: response.statusCode!,
              header: (name) => response.headers[name] as string | undefined,
              text: Buffer.concat(chunks).toString(),
            }),
          );
        },
      ).on('error', reject);
      sending.end(large);
    });
    checkError(answer, TOO_LARGE, gateway);
  });

  test('and it is refused before it has arrived, when its length is declared', async () => {
    const raw = await openRaw(gateway.url);
    await raw.write(requestHead({ authorization, 'content-length': String(17 * MEGABYTE) }));
    checkError(asAnswer(await raw.answer()), TOO_LARGE, gateway);
    raw.socket.destroy();
  });
});

test('a body just within the limit is not too large', async () => {
  expect((await gateway.rerank(bodyOfSize(15 * MEGABYTE))).status).toBe(200);
});

describe('a body that stops half-way', () => {
  const half = '{"model": "cohere-rerank-3-5", "query": "QUERYTEXT';
  const framings = [
    ['of declared length', { 'content-length': '1000' }, half],
    ['in chunks', { 'transfer-encoding': 'chunked' }, `${half.length.toString(16)}\r\n${half}\r\n`],
  ] as const;

  test.each(framings)('%s is a 400 for a sender that still listens', async (_, framing, sent) => {
    const before = await counted('400');
    const raw = await openRaw(gateway.url);
    await raw.write(requestHead({ authorization, ...framing }) + sent);
    raw.socket.end();
    checkError(asAnswer(await raw.answer()), INVALID, gateway);
    await raw.closed();
    // Nothing behind the one answer.
    expect(raw.received()).toBe('');
    await until(async () => (await counted('400')) === before + 1);
  });

  test.each(framings)('%s is counted when its sender is gone', async (_, framing, sent) => {
    const before = await metricOfAll();
    const raw = await openRaw(gateway.url);
    await raw.write(requestHead({ authorization, ...framing }) + sent);
    // A whole round trip later the head is a request over there; a reset could otherwise overtake it.
    await gateway.metrics();
    raw.socket.resetAndDestroy();
    await until(async () => (await metricOfAll()) === before + 1);
    expect((await gateway.rerank(fresh())).status).toBe(200);
  });

  const metricOfAll = async (): Promise<number> => metric(await gateway.metrics(), 'gateway_requests_total');
});

test('what is not HTTP gets the same error body, and its connection is closed', async () => {
  for (const nonsense of [
    'QUERYTEXT\r\n\r\n',
    'POST /v1/rerank HTTP/9.9\r\n\r\n',
    '\u0016\u0003\u0001\u0002',
  ]) {
    const raw = await openRaw(gateway.url);
    await raw.write(nonsense);
    checkError(asAnswer(await raw.answer()), INVALID, gateway);
    await raw.closed();
  }
});
