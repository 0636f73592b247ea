/** HTTP as clients, proxies and attackers write it, on real sockets. */

import { spawn } from 'node:child_process';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { brotliCompressSync, constants, deflateSync, gzipSync } from 'node:zlib';
import { Agent, request as undiciRequest } from 'undici';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectError, fresh, INVALID } from '../e2e/requests.ts';
import { until } from '../support/fakes.ts';
import { COHERE, KEYS, metric, startTestGateway, type TestGateway } from '../support/gateway.ts';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway({ env: { VERIFY_RATE: '0', MAX_BODY_MB: '2' } });
});
afterAll(() => gateway.stop());

const BODY = JSON.stringify({ model: COHERE, query: 'QUERYTEXT', documents: ['DOCTEXT a', 'DOCTEXT b'] });
const AUTH = `Authorization: Bearer ${KEYS.search}`;

/** Everything that is answered to these bytes, until the connection ends or falls silent. */
const raw = async (...pieces: readonly (string | Buffer)[]): Promise<string> => {
  const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1');
  socket.setTimeout(1500, () => socket.destroy());
  socket.on('error', () => {});
  let answer = '';
  socket.on('data', (chunk) => {
    answer += chunk;
  });
  for (const piece of pieces) socket.write(piece);
  await new Promise((resolve) => socket.once('close', resolve));
  return answer;
};

const post = (path: string, version: string, ...headers: readonly string[]): string =>
  [`POST ${path} HTTP/${version}`, AUTH, `Content-Length: ${BODY.length}`, ...headers, '', BODY].join('\r\n');

const statusOf = (answer: string): number => Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1]);

describe('a request is answered', () => {
  test.each([
    ['in HTTP/1.0, without a Host', post('/v1/rerank', '1.0')],
    ['without a Host', post('/v1/rerank', '1.1', 'Connection: close')],
    ['with an empty Host', post('/v1/rerank', '1.1', 'Host:', 'Connection: close')],
    ['with an odd Host', post('/v1/rerank', '1.1', 'Host: a b/c?d#e@f', 'Connection: close')],
    [
      'with its target as proxies write it',
      post('http://elsewhere/v1/rerank', '1.1', 'Host: x', 'Connection: close'),
    ],
    [
      'that wants another protocol',
      post('/v1/rerank', '1.1', 'Host: x', 'Connection: Upgrade', 'Upgrade: h2c'),
    ],
    [
      'with a path of many slashes and versions',
      post('/v2/v1//rerank/', '1.1', 'Host: x', 'Connection: close'),
    ],
  ])('%s', async (_, bytes) => {
    const answer = await raw(bytes);
    expect(statusOf(answer)).toBe(200);
    expect(answer).toContain('"results"');
  });

  test('of every kind when it comes over one connection, one behind the other', async () => {
    const answer = await raw(
      post('/rerank', '1.1', 'Host: x') +
        post('/nowhere', '1.1', 'Host: x') +
        post('/v1/rerank', '1.1', 'Host: x', 'Connection: close'),
    );
    expect([...answer.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => status)).toEqual([
      '200',
      '404',
      '200',
    ]);
  });

  test('that asks what the server can do', async () => {
    const answer = await raw('OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    expect(statusOf(answer)).toBe(204);
    expect(answer).toMatch(/\r\nallow: GET/i);
  });

  test.each(['/healthz', '/readyz', '/metrics', '/v1/models'])(
    'with HEAD as with GET, without the body: %s',
    async (path) => {
      const init = { headers: { authorization: `Bearer ${KEYS.search}` } };
      const get = await fetch(gateway.url + path, init);
      const head = await fetch(gateway.url + path, { method: 'HEAD', ...init });
      expect(head.status).toBe(get.status);
      expect(await head.text()).toBe('');
    },
  );

  test.each([
    ['/v1/rerank', 'POST'],
    ['/healthz', 'GET'],
    ['/v1/cache', 'DELETE'],
  ])('with OPTIONS by what it allows: %s', async (path, allow) => {
    const options = await fetch(gateway.url + path, { method: 'OPTIONS' });
    expect([options.status, options.headers.get('allow')]).toEqual([204, `${allow}, OPTIONS`]);
    const wrong = await fetch(gateway.url + path, { method: 'PUT' });
    expect(wrong.headers.get('allow')).toBe(allow);
    await expectError(wrong, { status: 405, type: 'invalid_request_error' }, gateway);
  });
});

describe('what there is not', () => {
  test('is a 404 that says what was asked and what exists, is logged, and is counted', async () => {
    const before = metric(await gateway.metrics(), 'gateway_requests_total', { code: '404' });
    const answer = await fetch(`${gateway.url}/v1/rerankings/?key=${KEYS.search}`, {
      method: 'POST',
      body: 'x',
    });
    const message = await expectError(answer, { status: 404, type: 'invalid_request_error' }, gateway);
    expect(message).toContain('POST /v1/rerankings');
    expect(message).toContain('POST /v1/rerank,');
    const id = answer.headers.get('x-request-id')!;
    expect(gateway.log.find((line) => line.includes(id))).toContain('"path":"/v1/rerankings"');
    expect(metric(await gateway.metrics(), 'gateway_requests_total', { code: '404' })).toBe(before + 1);
  });

  test('is told without a key that somebody put into a path', async () => {
    const answer = await fetch(`${gateway.url}/v1/${KEYS.search}${KEYS.search}`);
    await expectError(answer, { status: 404, type: 'invalid_request_error' }, gateway);
    expect(gateway.log.some((line) => line.includes(KEYS.search))).toBe(false);
  });

  test('is a 431 when it is headers larger than we take, counted, too', async () => {
    const before = metric(await gateway.metrics(), 'gateway_requests_total', { code: '431' });
    const answer = await raw(`GET /healthz HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`);
    expect(statusOf(answer)).toBe(431);
    expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))).toMatchObject({
      error: { code: 431, type: 'invalid_request_error' },
    });
    expect(metric(await gateway.metrics(), 'gateway_requests_total', { code: '431' })).toBe(before + 1);
  });
});

describe('an encoded body', () => {
  const send = (body: Uint8Array, encoding: string): Promise<Response> =>
    fetch(`${gateway.url}/v1/rerank`, {
      method: 'POST',
      headers: { authorization: `Bearer ${KEYS.search}`, 'content-encoding': encoding },
      body,
    });
  const br = (bytes: string | Uint8Array): Buffer =>
    brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 2 } });
  const encoders = { gzip: gzipSync, 'x-gzip': gzipSync, deflate: deflateSync, br };

  test.each(Object.entries(encoders))('is read: %s', async (encoding, encode) => {
    expect((await send(encode(BODY), encoding)).status).toBe(200);
    expect((await send(encode(BODY), encoding.toUpperCase())).status).toBe(200);
  });

  test('that says it is none is read as it is', async () => {
    expect((await send(Buffer.from(BODY), 'identity')).status).toBe(200);
  });

  test.each(['zstd', 'gzip, br', 'gzip, gzip', 'nonsense', '__proto__'])(
    'in a way that we do not know is a 415: %s',
    async (encoding) => {
      const answer = await send(gzipSync(BODY), encoding);
      expect(answer.headers.get('accept-encoding')).toBe('gzip, deflate, br');
      await expectError(answer, { status: 415, type: 'invalid_request_error' }, gateway);
    },
  );

  test.each(Object.entries(encoders))(
    'that grows beyond the limit is a 413, however small it came: %s',
    async (encoding, encode) => {
      const bomb = encode(Buffer.alloc(300 * 1024 * 1024, '['));
      expect(bomb.length).toBeLessThan(2 * 1024 * 1024);
      await expectError(await send(bomb, encoding), { status: 413, type: 'invalid_request_error' }, gateway);
      expect((await fetch(`${gateway.url}/healthz`)).status).toBe(200);
      const held = async () => metric(await gateway.metrics(), 'gateway_buffered_bytes');
      await until(async () => (await held()) === 0);
    },
  );

  test.each([
    ['that is not what it says', Buffer.from(BODY)],
    ['that breaks off', gzipSync(BODY).subarray(0, 40)],
    ['of nothing', Buffer.alloc(0)],
  ])('%s is a 400', async (_, body) => {
    await expectError(await send(body, 'gzip'), INVALID, gateway);
  });
});

describe('a body', () => {
  test('may begin with a byte order mark', async () => {
    expect((await gateway.rerank(`\ufeff${BODY}`)).status).toBe(200);
  });

  test('with two byte order marks is no JSON', async () => {
    await expectError(await gateway.rerank(`\ufeff\ufeff${BODY}`), INVALID, gateway);
  });

  test('gives back numbers of its documents digit by digit', async () => {
    const documents = '[{"text":"DOCTEXT","sku":1610521604143693812,"price":4.0},{"text":"b","sku":1}]';
    const answer = await gateway.rerank(
      `{"model":"${COHERE}","query":"q","return_documents":true,"documents":${documents}}`,
    );
    const text = await answer.text();
    expect(text).toContain('"document":{"text":"DOCTEXT","sku":1610521604143693812,"price":4.0}');
    expect(text).not.toContain('number:');
  });

  test.each([
    ['declared', (bytes: number) => `Content-Length: ${bytes}\r\n\r\n${'x'.repeat(bytes)}`],
    [
      'chunked',
      (bytes: number) =>
        `Transfer-Encoding: chunked\r\n\r\n${bytes.toString(16)}\r\n${'x'.repeat(bytes)}\r\n0\r\n\r\n`,
    ],
  ])('that is too large is a 413 that its sender can read though he sends on: %s', async (_, rest) => {
    const answer = await raw(`POST /v1/rerank HTTP/1.1\r\nHost: x\r\n${AUTH}\r\n${rest(6_000_000)}`);
    expect(statusOf(answer)).toBe(413);
    expect(answer).toContain('"type":"invalid_request_error"');
  });
});

describe('an answer that is given before the whole request has come reaches clients that send on', () => {
  const large = 'x'.repeat(12_000_000);
  const authorization = `Bearer ${KEYS.search}`;

  test.each(['undici', 'node:http', 'curl'])('%s', async (client) => {
    for (let i = 0; i < 5; i++) expect(await sending[client as keyof typeof sending]()).toBe(413);
  });

  const sending = {
    async undici() {
      const agent = new Agent();
      const { statusCode, body } = await undiciRequest(`${gateway.url}/v1/rerank`, {
        method: 'POST',
        headers: { authorization },
        body: large,
        dispatcher: agent,
      });
      await body.text();
      await agent.close();
      return statusCode;
    },
    'node:http': () =>
      new Promise<number | undefined>((resolve, reject) => {
        const request = httpRequest(
          `${gateway.url}/v1/rerank`,
          { method: 'POST', headers: { authorization } },
          (response) => {
            response.resume().once('end', () => resolve(response.statusCode));
          },
        );
        request.once('error', reject);
        request.end(large);
      }),
    async curl() {
      const args = ['-s', '-o', '/dev/null', '-w', '%{http_code}', '-H', `Authorization: ${authorization}`];
      const curl = spawn('curl', [
        ...args,
        '-H',
        'Expect:',
        '--data-binary',
        '@-',
        `${gateway.url}/v1/rerank`,
      ]);
      curl.stdin.on('error', () => {});
      curl.stdin.end(large);
      let status = '';
      for await (const chunk of curl.stdout) status += chunk;
      return Number(status);
    },
  };
});

test('callers that leave at every byte of a request harm nobody, and nothing is held for them', async () => {
  const bytes = post('/v1/rerank', '1.1', 'Host: x');
  const port = Number(new URL(gateway.url).port);
  const leaving = async (at: number): Promise<void> => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    await new Promise((resolve) => socket.write(bytes.slice(0, at), resolve));
    socket.destroy();
  };
  for (let at = 1; at < bytes.length; at += 7) await leaving(at);
  expect((await gateway.rerank(fresh())).status).toBe(200);
  await until(async () => {
    const metrics = await gateway.metrics();
    return (
      metric(metrics, 'gateway_buffered_bytes') === 0 && metric(metrics, 'gateway_requests_in_flight') === 0
    );
  });
});
