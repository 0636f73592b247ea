import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { until } from '../support/fakes.ts';
import { KEYS, metric, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { openRaw, type RawAnswer, type RawConnection, requestHead } from '../support/raw-http.ts';
import { checkError, type ErrorAnswer, fresh, serverError } from './requests.ts';

const MEGABYTE = 1024 * 1024;
const KILOBYTE = 1024;
const authorization = `Bearer ${KEYS.search}`;

let gateway: TestGateway;
let connections: RawConnection[] = [];

beforeEach(async () => {
  gateway = await startTestGateway({
    env: { MAX_BODY_MB: '1', MAX_BUFFER_MB: '2', VERIFY_RATE: '0', MODEL_LIMITS: 'cohere-rerank-3-5=250' },
  });
});
afterEach(async () => {
  for (const { socket } of connections) socket.destroy();
  connections = [];
  await gateway.stop();
});

const held = async (): Promise<number> => metric(await gateway.metrics(), 'gateway_buffered_bytes');

const send = async (headers: Record<string, string>): Promise<RawConnection> => {
  const raw = await openRaw(gateway.url);
  connections.push(raw);
  await raw.write(requestHead({ authorization, ...headers }));
  return raw;
};

/** Says that so many bytes will come, and sends none of them. */
const announce = (bytes: number): Promise<RawConnection> => send({ 'content-length': String(bytes) });

/** A request that nobody has made before, of about so many bytes. */
const large = (bytes: number, over: Readonly<Record<string, unknown>> = {}): Record<string, unknown> =>
  fresh({ documents: ['D'.repeat(bytes), 'DOCTEXT short'], ...over });

const asAnswer = ({ status, headers, body }: RawAnswer): ErrorAnswer => ({
  status,
  header: (name) => headers[name],
  text: body,
});

describe('when large bodies take all that they may', () => {
  beforeEach(async () => {
    await announce(900 * KILOBYTE);
    await announce(800 * KILOBYTE);
    await until(async () => (await held()) === 1700 * KILOBYTE);
  });

  test('another one is told 503 before it is sent, and when to come back', async () => {
    const raw = await announce(900 * KILOBYTE);
    const answer = await raw.answer();
    checkError(asAnswer(answer), serverError(503), gateway);
    expect(answer.headers.connection).toBe('close');
    await raw.closed();
    const metrics = await gateway.metrics();
    expect(metric(metrics, 'gateway_shed_total', { reason: 'large' })).toBe(1);
    // Told from the start, so that its first event shows.
    expect(metrics).toMatch(/^gateway_shed_total\{(?=[^}]*reason="small")[^}]*\} 0$/m);
    expect(metric(metrics, 'gateway_rejections_total', { client: 'search', reason: 'buffer_full' })).toBe(1);
    expect(metric(metrics, 'gateway_requests_total', { outcome: 'rejected', code: '503' })).toBe(1);
  });

  test('so is one in chunks, as soon as more has come than there is room for', async () => {
    const raw = await send({ 'transfer-encoding': 'chunked' });
    const chunk = 'D'.repeat(200 * KILOBYTE);
    await raw.write(`${chunk.length.toString(16)}\r\n${chunk}\r\n`);
    await raw.write(`${chunk.length.toString(16)}\r\n${chunk}\r\n`);
    checkError(asAnswer(await raw.answer()), serverError(503), gateway);
  });

  test('small requests are answered all the same', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => gateway.rerank(fresh())));
    expect(answers.map(({ status }) => status)).toEqual(new Array(20).fill(200));
  });

  test('there is room again when they are gone', async () => {
    for (const { socket } of connections) socket.destroy();
    await until(async () => (await held()) === 0);
    expect((await gateway.rerank(large(900 * KILOBYTE))).status).toBe(200);
  });

  // They may take 25 s to arrive, and would keep everybody else out for so long.
  test('there is room again after two seconds when they do not come', async () => {
    await until(async () => (await held()) < 100 * KILOBYTE);
    expect((await gateway.rerank(large(900 * KILOBYTE))).status).toBe(200);
  });
});

describe('bytes are held', () => {
  /** One that is not sent as it came, since it has to be decoded first. */
  const escaped = (bytes: number): Record<string, unknown> =>
    large(bytes, { documents: ['D'.repeat(bytes), 'two\nlines'] });

  test('while a request waits and is sent as it came; not after its answer', async () => {
    gateway.simulator.latency([200, 200]);
    const answer = gateway.rerank(large(500 * KILOBYTE));
    await until(() => gateway.simulator.calls.length === 1);
    const most = await held();
    expect(most).toBeGreaterThanOrEqual(500 * KILOBYTE);
    expect(most).toBeLessThan(510 * KILOBYTE);
    expect((await answer).status).toBe(200);
    expect(await held()).toBe(0);
  });

  test('twice while what is sent had to be made of it', async () => {
    gateway.simulator.latency([200, 200]);
    const answer = gateway.rerank(escaped(500 * KILOBYTE));
    await until(async () => (await held()) > 1000 * KILOBYTE);
    expect(await held()).toBeLessThan(1010 * KILOBYTE);
    expect((await answer).status).toBe(200);
    expect(await held()).toBe(0);
  });

  test('for a caller that has left, as long as somebody waits for what it began', async () => {
    gateway.simulator.latency([400, 400]);
    const [request, documents] = [escaped(500 * KILOBYTE), ['two\nlines']];
    const first = new AbortController();
    const left = gateway.rerank(request, { signal: first.signal }).catch(() => 'left');
    await until(async () => (await held()) > 1000 * KILOBYTE);
    const second = gateway.rerank({ ...request, documents });
    await until(async () => metric(await gateway.metrics(), 'gateway_requests_in_flight') === 2);
    first.abort();
    expect(await left).toBe('left');
    await until(async () => metric(await gateway.metrics(), 'gateway_requests_in_flight') === 1);
    expect(await held()).toBeGreaterThan(1000 * KILOBYTE);
    expect((await second).status).toBe(200);
    expect(await held()).toBe(0);
  });

  test.each([
    ['that is no JSON', '{'.padEnd(300_000)],
    ['of a model that is not served', JSON.stringify(large(300_000, { model: 'no-such-model' }))],
    ['without a query', JSON.stringify(large(300_000, { query: '' }))],
  ])('no longer for a request %s', async (_, body) => {
    expect((await gateway.rerank(body)).status).toBeGreaterThanOrEqual(400);
    expect(await held()).toBe(0);
  });

  test('no longer when the upstream fails', async () => {
    gateway.simulator.fault({ kind: 'reset' }, 10);
    expect((await gateway.rerank(large(300_000))).status).toBe(502);
    expect(await held()).toBe(0);
  });

  test('twice for objects that are to be returned, and only once for others', async () => {
    gateway.simulator.latency([200, 200]);
    const documents = [{ text: 'D'.repeat(200 * KILOBYTE) }];
    const returned = gateway.rerank(fresh({ documents, return_documents: true }));
    await until(async () => (await held()) > 600 * KILOBYTE);
    await returned;
    await until(async () => (await held()) === 0);
    const answer = gateway.rerank(fresh({ documents }));
    await until(async () => (await held()) > 400 * KILOBYTE);
    expect(await held()).toBeLessThan(500 * KILOBYTE);
    await answer;
  });
});

describe('an answer that returns its documents', () => {
  let other: TestGateway;

  beforeEach(async () => {
    other = await startTestGateway({ env: { MAX_WAIT_MS: '6000', MAX_BUFFER_MB: '40' } });
  });
  afterEach(() => other.stop());

  const heldThere = async (): Promise<number> => metric(await other.metrics(), 'gateway_buffered_bytes');

  /** More than the sockets of both sides take in by themselves. */
  const asked = async (): Promise<RawConnection> => {
    const body = JSON.stringify(large(15 * MEGABYTE, { return_documents: true }));
    const raw = await openRaw(other.url);
    connections.push(raw);
    raw.socket.pause();
    await raw.write(requestHead({ authorization, 'content-length': String(body.length) }) + body);
    await until(async () => metric(await other.metrics(), 'gateway_requests_total', { code: '200' }) === 1);
    return raw;
  };

  test('holds its bytes until it has been read', async () => {
    const raw = await asked();
    expect(await heldThere()).toBeGreaterThan(15 * MEGABYTE);
    raw.socket.resume();
    expect((await raw.answer()).status).toBe(200);
    await until(async () => (await heldThere()) === 0);
  });

  test('is cut off, and lets go of them, when nobody reads it', async () => {
    const raw = await asked();
    expect(await heldThere()).toBeGreaterThan(15 * MEGABYTE);
    await until(async () => (await heldThere()) === 0);
    raw.socket.resume();
    await expect(raw.answer()).rejects.toThrow();
  });
});

describe('a sender that waits for an invitation (Expect: 100-continue)', () => {
  const body = (): string => JSON.stringify(fresh());
  const expecting = (headers: Record<string, string> = {}): Promise<RawConnection> =>
    send({ expect: '100-continue', 'content-length': '200', ...headers });

  test('gets one, then its answer, and keeps its connection', async () => {
    const text = body();
    const raw = await expecting({ 'content-length': String(Buffer.byteLength(text)) });
    expect((await raw.answer()).status).toBe(100);
    await raw.write(text);
    const answer = await raw.answer();
    expect(answer.status).toBe(200);
    expect(answer.headers.connection).not.toBe('close');
    await raw.write(requestHead({ authorization, 'content-length': String(text.length) }) + text);
    expect((await raw.answer()).status).toBe(200);
  });

  test.each([
    ['too large', 413, () => expecting({ 'content-length': String(2 * MEGABYTE) })],
    ['from nobody we know', 401, () => expecting({ authorization: 'Bearer nobody-knows-this-key' })],
    [
      'more than there is room for',
      503,
      async () => {
        await announce(900 * KILOBYTE);
        await announce(800 * KILOBYTE);
        await until(async () => (await held()) === 1700 * KILOBYTE);
        return expecting({ 'content-length': String(900 * KILOBYTE) });
      },
    ],
  ])('is told without one when the body is %s, and its connection is closed', async (_, status, start) => {
    const raw = await start();
    const answer = await raw.answer();
    expect(answer.status).toBe(status);
    expect(answer.headers.connection).toBe('close');
    await raw.closed();
  });
});
