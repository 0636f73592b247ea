import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { openRaw, requestHead } from '../support/raw-http.ts';
import { Bed, CHATBOT, COHERE, SEARCH, TTL_MS } from './bed.ts';

let bed: Bed;
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  bed = await new Bed({ frontBytes: 1_000_000 }).start();
});
afterEach(async () => {
  vi.useRealTimers();
  await bed[Symbol.asyncDispose]();
});

const BODY = JSON.stringify({ model: COHERE, query: 'q', documents: ['a', 'b', 'c'] });

/** Asks, and tells whether that came to the app. */
const cameThrough = async (
  body: string | Uint8Array = BODY,
  headers: Record<string, string> = {},
): Promise<boolean> => {
  const before = bed.taken;
  const answer = await bed.post(body, headers);
  expect(answer.status).toBe(200);
  await answer.arrayBuffer();
  return bed.taken > before;
};

/** Has an answer kept, and sees that it is given. */
const keep = async (
  body: string | Uint8Array = BODY,
  headers: Record<string, string> = {},
): Promise<void> => {
  await cameThrough(body, headers);
  await cameThrough(body, headers);
  expect(await cameThrough(body, headers)).toBe(false);
};

describe('an answer is given before the app', () => {
  test('from the third time on that the same bytes come: what is asked once is not kept', async () => {
    expect(await cameThrough()).toBe(true);
    expect(await cameThrough()).toBe(true);
    expect(await cameThrough()).toBe(false);
    expect(await cameThrough()).toBe(false);
  });

  test.each([100, 3000, 90_000])('to a body of %i bytes a document', async (bytes) => {
    await keep(
      JSON.stringify({ model: COHERE, query: 'q', documents: ['a'.repeat(bytes), 'b'.repeat(bytes)] }),
    );
  });

  test('to the same bytes only', async () => {
    const large = JSON.stringify({ model: COHERE, query: 'q', documents: ['a'.repeat(9000), 'b'] });
    for (const body of [BODY, large]) {
      await keep(body);
      expect(await cameThrough(`${body} `)).toBe(true);
      expect(await cameThrough(body.replace('"b"', '"d"'))).toBe(true);
    }
  });

  test('to the same client only, whichever of its spellings', async () => {
    await keep();
    expect(await cameThrough(BODY, { authorization: `Bearer ${CHATBOT}` })).toBe(true);
    expect(await cameThrough(BODY, { authorization: `bearer  ${SEARCH}` })).toBe(false);
  });

  test('to nobody whose key is wrong, or who has two', async () => {
    await keep();
    for (const authorization of ['', 'Bearer nobody-has-this-key', SEARCH]) {
      expect((await bed.post(BODY, { authorization })).status).toBe(401);
    }
    const raw = await openRaw(`http://127.0.0.1:${bed.port}`);
    const head = requestHead({ Authorization: `Bearer ${SEARCH}`, 'Content-Length': String(BODY.length) });
    await raw.write(`${head.slice(0, -2)}Authorization: Bearer ${CHATBOT}\r\n\r\n${BODY}`);
    expect((await raw.answer()).status).toBe(401);
    raw.socket.destroy();
  });

  test('however the body is cut, and whatever comes behind it', async () => {
    await keep();
    const head = requestHead({ Authorization: `Bearer ${SEARCH}`, 'Content-Length': String(BODY.length) });
    const raw = await openRaw(`http://127.0.0.1:${bed.port}`);
    const before = bed.taken;
    for (let at = 1; at < BODY.length; at++) {
      await raw.write(head + BODY.slice(0, at));
      await new Promise((resolve) => setImmediate(resolve));
      await raw.write(BODY.slice(at) + head + BODY);
      const [one, other] = [await raw.answer(), await raw.answer()];
      expect([one.status, other.status]).toEqual([200, 200]);
      expect(JSON.parse(one.body).id).toBe(one.headers['x-request-id']);
      expect(one.headers['x-request-id']).not.toBe(other.headers['x-request-id']);
    }
    raw.socket.destroy();
    expect(bed.taken).toBe(before);
  });
});

describe('an answer is not given before the app', () => {
  test.each([
    { 'cache-control': 'no-cache' },
    { 'cache-control': 'max-age=1000' },
    { 'content-encoding': 'identity' },
  ])('to a request that says %o', async (headers) => {
    await keep();
    expect(await cameThrough(BODY, headers)).toBe(true);
  });

  test('when one of its values is past its freshness', async () => {
    await keep();
    vi.setSystemTime(Date.now() + TTL_MS);
    expect(await cameThrough()).toBe(false);
    vi.setSystemTime(Date.now() + 1);
    expect(await cameThrough()).toBe(true);
  });

  test('when the clock was set back, so that it comes from the future', async () => {
    await keep();
    vi.setSystemTime(Date.now() - 120_000);
    expect(await cameThrough()).toBe(true);
  });

  test('when its model’s scores were purged, or found to depend on companions', async () => {
    await keep();
    await bed.caches.purge(COHERE);
    await keep();
    bed.findDependent(COHERE);
    expect(await cameThrough()).toBe(true);
  });

  test('when memory has newer values', async () => {
    await keep();
    bed.version = 2;
    await cameThrough(BODY, { 'cache-control': 'no-cache' });
    const [here, there] = [await bed.post(BODY), await bed.post(BODY, { 'content-encoding': 'identity' })];
    const results = async (answer: Response): Promise<unknown> =>
      ((await answer.json()) as { results: unknown }).results;
    expect(await results(here)).toEqual(await results(there));
  });

  test('when the firewall was found to refuse something', async () => {
    await keep();
    bed.caches.refused.add('another question, it may be', 'query');
    expect(await cameThrough()).toBe(true);
  });

  test('when it is a sample', async () => {
    let samples = 0;
    await using sampled = await new Bed({
      frontBytes: 1_000_000,
      isSample: (values) => values === ++samples,
    }).start();
    for (let i = 0; i < 6; i++) await (await sampled.post(BODY)).arrayBuffer();
    expect([samples, sampled.taken]).toEqual([4, 3]);
  });

  test('when it holds documents, or what was asked', async () => {
    const returning = JSON.stringify({ ...JSON.parse(BODY), return_documents: true });
    for (let i = 0; i < 3; i++) expect(await cameThrough(returning)).toBe(true);
  });

  test('where none may be kept', async () => {
    await using none = await new Bed({ frontBytes: 0 }).start();
    for (let i = 0; i < 3; i++) await (await none.post(BODY)).arrayBuffer();
    expect([none.taken, none.front.bytes]).toEqual([3, 0]);
  });
});

describe('what is kept', () => {
  test('takes no more bytes than it may', async () => {
    await using small = await new Bed({ frontBytes: 10_000 }).start();
    for (let i = 0; i < 60; i++) {
      const body = JSON.stringify({ model: COHERE, query: `q ${i % 20}`, documents: ['a', 'b', 'c'] });
      await (await small.post(body)).arrayBuffer();
      expect(small.front.bytes).toBeLessThanOrEqual(10_000);
    }
    expect(small.front.bytes).toBeGreaterThan(5000);
  });
});

describe('a body on its way', () => {
  const head = (length: number): string =>
    requestHead({ Authorization: `Bearer ${SEARCH}`, 'Content-Length': String(length) });

  test('is held as what it declares, and let go of with its caller', async () => {
    const raw = await openRaw(`http://127.0.0.1:${bed.port}`);
    await raw.write(`${head(50_000)}{`);
    await vi.waitUntil(() => bed.budget.held === 50_000);
    raw.socket.destroy();
    await vi.waitUntil(() => bed.budget.held === 0);
    await vi.waitUntil(() => bed.records.length === 1);
    expect(bed.records[0]).toMatchObject({ outcome: 'invalid', status: 400, client: 'search' });
  });

  test('that there is no room for is refused before it is read', async () => {
    bed.budget.hold(9_999_000);
    const answer = await bed.post(`"${'a'.repeat(80_000)}"`);
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({ error: { type: 'server_error' } });
  });

  test('that is too large is refused', async () => {
    expect((await bed.post('a'.repeat(1_000_001))).status).toBe(413);
  });

  test('in pieces of a byte is read all the same', async () => {
    const body = JSON.stringify({ model: COHERE, query: 'q', documents: ['a'.repeat(5000)] });
    const raw = await openRaw(`http://127.0.0.1:${bed.port}`);
    raw.socket.setNoDelay(true);
    await raw.write(head(body.length));
    for (const byte of body) await raw.write(byte);
    expect((await raw.answer()).status).toBe(200);
    raw.socket.destroy();
    expect(bed.budget.held).toBe(0);
  });
});

test.each([
  ['a plain request', {}, {}],
  ['one that the app has read', { 'Content-Encoding': 'identity' }, {}],
  ['one whose answer is as large', { 'Content-Encoding': 'identity' }, { return_documents: true }],
  ['one that was refused', {}, { top_n: 0 }],
])('a connection that is kept open keeps nothing of its last request: %s', async (_, headers, fields) => {
  const body = JSON.stringify({
    model: COHERE,
    query: 'q',
    documents: ['a'.repeat(450_000), 'b'.repeat(450_000)],
    ...fields,
  });
  const length = String(body.length);
  const request =
    requestHead({ Authorization: `Bearer ${SEARCH}`, 'Content-Length': length, ...headers }) + body;
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  const held = (): number => {
    collectGarbage();
    const { arrayBuffers, heapUsed } = process.memoryUsage();
    return arrayBuffers + heapUsed;
  };
  const connections = await Promise.all(
    Array.from({ length: 20 }, () => openRaw(`http://127.0.0.1:${bed.port}`)),
  );
  const before = held();
  for (const raw of connections) {
    await raw.write(request);
    expect((await raw.answer()).status).toBe('top_n' in fields ? 400 : 200);
  }
  // What is freed is counted as such a little later.
  await vi.waitUntil(() => held() - before < 5 * body.length, { timeout: 5000 });
  for (const raw of connections) raw.socket.destroy();
});

describe('a mistake of ours costs its own request, and the process lives,', () => {
  test.each([
    ['where a kept answer is counted', 'hit', 'kept'],
    ['where the quota is told, of a kept answer', 'quota', 'kept'],
    ['where the quota is told, of an answer that had to be waited for', 'quota', 'new'],
  ] as const)('%s', async (_, broken, what) => {
    if (what === 'kept') await keep();
    bed.broken = broken;
    const answer = await bed.post(BODY);
    expect(answer.status).toBe(500);
    expect(await answer.json()).toMatchObject({
      id: answer.headers.get('x-request-id'),
      error: { code: 500, type: 'server_error' },
    });
    const record = { client: 'search', outcome: 'error', error: 'internal', status: 500 };
    expect(bed.records.at(-1)).toMatchObject(record);
    bed.broken = undefined;
    await keep();
    expect(bed.budget.held).toBe(0);
  });

  test.each(['kept', 'new'])('where a request is recorded, of an answer that is %s', async (what) => {
    if (what === 'kept') await keep();
    bed.broken = 'record';
    // Its answer may have been sent, or be cut off.
    await bed.post(BODY).then(
      (answer) => answer.arrayBuffer(),
      () => {},
    );
    bed.broken = undefined;
    await keep();
    expect(bed.budget.held).toBe(0);
  });
});
