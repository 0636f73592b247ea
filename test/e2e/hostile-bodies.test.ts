import { Agent, request } from 'undici';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Simulator, startSimulator } from '../../src/simulator/server.ts';
import { until } from '../support/fakes.ts';
import { type GatewayProcess, startProcess } from '../support/fleet.ts';
import { COHERE, KEYS, metric, UPSTREAM_KEY } from '../support/gateway.ts';
import { openRaw, requestHead } from '../support/raw-http.ts';
import { fresh } from './requests.ts';

const MEGABYTE = 1024 * 1024;
const SIZE = 16 * MEGABYTE;
/** Bodies of a kind that come at the same time. */
const AT_ONCE = 3;

const authorization = `Bearer ${KEYS.search}`;
const agent = new Agent({ connections: 50 });

let simulator: Simulator;
let gateway: GatewayProcess;

beforeAll(async () => {
  simulator = await startSimulator({ keys: { [UPSTREAM_KEY]: {} }, limits: { [COHERE]: 100_000 } });
  gateway = await startProcess({
    // Less than the Procfile gives it.
    NODE_OPTIONS: '--max-old-space-size=250',
    RERANK_URL: simulator.url,
    RERANK_KEY: UPSTREAM_KEY,
    GATEWAY_KEYS: `search:${KEYS.search}`,
    MODEL_LIMITS: `${COHERE}=100000`,
  });
});
afterAll(async () => {
  await gateway.stop();
  await simulator.close();
  await agent.destroy();
});

const post = async (
  body: string | Buffer,
  signal?: AbortSignal,
): Promise<{ status: number; text: string }> => {
  const answer = await request(`${gateway.url}/v1/rerank`, {
    dispatcher: agent,
    method: 'POST',
    headers: { authorization },
    body,
    signal: signal ?? null,
  });
  return { status: answer.statusCode, text: await answer.body.text() };
};

/** Small requests and looks at the process' health, one after the other until `done`. @returns how many of each */
const others = async (done: Promise<unknown>): Promise<number> => {
  let over = false;
  void done.finally(() => {
    over = true;
  });
  let rounds = 0;
  while (!over || rounds === 0) {
    expect((await post(JSON.stringify(fresh()))).status).toBe(200);
    const health = await request(`${gateway.url}/healthz`, { dispatcher: agent });
    expect(health.statusCode).toBe(200);
    await health.body.dump();
    rounds++;
  }
  return rounds;
};

/** A body of that size: as many parts as fit between a beginning and an end. */
const filled = (begin: string, part: string | ((i: number) => string), end: string): Buffer => {
  const parts: string[] = [begin];
  let length = begin.length + end.length;
  for (let i = 0; ; i++) {
    const next = typeof part === 'string' ? part : part(i);
    length += next.length;
    if (length > SIZE) break;
    parts.push(next);
  }
  return Buffer.from(parts.join('') + end);
};

const QUERY = `"model":"${COHERE}","query":"q"`;

const KINDS: readonly [kind: string, body: () => Buffer, status?: number][] = [
  ['empty objects', () => filled(`{${QUERY},"documents":[`, '{},', '{}]}')],
  ['empty lists', () => filled(`{${QUERY},"documents":[`, '[],', '[]]}')],
  ['numbers', () => filled(`{${QUERY},"documents":[`, '0,', '0]}')],
  [
    'fractions in a field that nobody knows',
    () => filled(`{${QUERY},"x":[`, '.1,'.replace('.', '0.'), '0]}'),
  ],
  ['depth', () => filled('', '[', '')],
  ['depth in a field that nobody knows', () => filled(`{${QUERY},"documents":["d"],"x":`, '{"a":', '')],
  ['keys', () => filled(`{${QUERY},"documents":["d"],"x":{`, (i) => `"k${i}":0,`, '"a":0}}')],
  ['one key again and again', () => filled(`{${QUERY},"documents":["d"],`, '"a":0,', '"a":0}')],
  ['objects of one key each', () => filled(`{${QUERY},"documents":[`, (i) => `{"k${i}":""},`, '"d"]}')],
  ['empty strings', () => filled(`{${QUERY},"documents":[`, '"",', '""]}')],
  ['one number', () => filled(`{${QUERY},"documents":["d"],"top_n":1`, '0', '}')],
  ['white space', () => filled(`{${QUERY},"documents":["d"]`, ' ', '}'), 200],
  ['commas', () => filled(`{${QUERY},"documents":[`, ',', ']}')],
];

describe(`${AT_ONCE} bodies of 16 MB at once, on a heap of 250 MB, are answered while others are served, when they hold`, () => {
  test.each(KINDS)('%s', async (_, make, status = 400) => {
    const body = make();
    const answers = Promise.all(Array.from({ length: AT_ONCE }, () => post(body)));
    expect(await others(answers)).toBeGreaterThan(0);
    for (const answer of await answers) {
      expect(answer.status).toBe(status);
      expect(answer.text.length).toBeLessThan(1000);
    }
  });
});

describe('a text that takes most of a body', () => {
  test.each([
    ['letters', 'a'],
    ['escapes', '\\"'],
    ['escapes of characters', '\\u0041'],
    ['characters of four bytes', '😀'],
  ])('of %s goes its way', async (_, part) => {
    const unit = Buffer.byteLength(part);
    const text = part.repeat(Math.floor((15 * MEGABYTE) / unit));
    const body = Buffer.from(`{${QUERY},"documents":["${text}"]}`);
    const answers = Promise.all([post(body), post(body)]);
    expect(await others(answers)).toBeGreaterThan(0);
    for (const { status } of await answers) expect([200, 503]).toContain(status);
  });
});

// Each chunk became an object: these became half a gigabyte.
test('a body in three million chunks of one byte is read while others are served', async () => {
  const raw = await openRaw(gateway.url);
  await raw.write(requestHead({ authorization, 'transfer-encoding': 'chunked' }));
  const body = `{${QUERY},"documents":["${'a'.repeat(3_000_000)}"]}`;
  const sending = (async () => {
    for (let i = 0; i < body.length; i += 50_000) {
      await raw.write(body.slice(i, i + 50_000).replace(/./gs, '1\r\n$&\r\n'));
    }
    await raw.write('0\r\n\r\n');
    return raw.answer();
  })();
  expect(await others(sending)).toBeGreaterThan(0);
  expect((await sending).status).toBe(200);
  raw.socket.destroy();
});

test('what costs most of all that is allowed is answered beside 80 MB of requests that are held', async () => {
  simulator.faultWhen(({ query }) => query.startsWith('waiting'), { kind: 'hang' });
  const leave = new AbortController();
  const text = 'a'.repeat(15 * MEGABYTE);
  const waiting = Array.from({ length: 5 }, (_, i) =>
    post(JSON.stringify({ model: COHERE, query: `waiting ${i}`, documents: [text] }), leave.signal).catch(
      () => undefined,
    ),
  );
  const held = async (): Promise<number> =>
    metric(await (await fetch(`${gateway.url}/metrics`)).text(), 'gateway_buffered_bytes');
  await until(async () => (await held()) > 75 * MEGABYTE);
  // Every object has names of its own, which is what the engine finds hardest.
  const documents = Array.from({ length: 500 }, (_, i) =>
    Object.fromEntries(Array.from({ length: 250 }, (_, j) => [j === 0 ? 'text' : `k${i}_${j}`, 'x'])),
  );
  const body = JSON.stringify({ model: COHERE, query: 'q', documents });
  const answers = Promise.all(Array.from({ length: AT_ONCE }, () => post(body)));
  expect(await others(answers)).toBeGreaterThan(0);
  for (const { status } of await answers) expect([200, 503]).toContain(status);
  leave.abort();
  await Promise.all(waiting);
  await until(async () => (await held()) === 0);
});

test('nothing is held any more when all of it is over', async () => {
  const metrics = await (await fetch(`${gateway.url}/metrics`)).text();
  expect(metric(metrics, 'gateway_buffered_bytes')).toBe(0);
  expect(metric(metrics, 'gateway_requests_total', { code: '400' })).toBeGreaterThan(20);
});
