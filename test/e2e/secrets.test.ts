import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  AMAZON,
  COHERE,
  KEYS,
  startTestGateway,
  type TestGateway,
  UPSTREAM_KEY,
} from '../support/gateway.ts';
import { openRaw, requestHead } from '../support/raw-http.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { fresh } from './requests.ts';

const TOKEN = 'metrics-token-SECRET-77';
const REDIS_PASSWORD = 'redis-password-SECRET-5';

let redis: TestRedis;
let gateway: TestGateway;
/** Bodies and headers of everything answered but the documents that somebody asked to have returned. */
const answers: string[] = [];

const until = async (condition: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 10));
};

const note = async (answer: Response): Promise<number> => {
  answers.push(JSON.stringify([...answer.headers]), await answer.text());
  return answer.status;
};

const ask = async (request: unknown, headers: Record<string, string> = {}): Promise<number> =>
  note(await gateway.rerank(request, { headers }));

/** Everything that can go right or wrong, with texts and keys that can be found again. */
const mix = async (): Promise<void> => {
  const { simulator } = gateway;
  const known = fresh({ user: 'DOCTEXT unknown field' });
  expect(await ask(known)).toBe(200);
  expect(await ask(known)).toBe(200);
  expect(await ask(fresh({ model: AMAZON }), { 'cache-control': 'no-store' })).toBe(200);
  expect(await ask(fresh(), { 'x-request-id': 'caller-chosen-id-0123456789' })).toBe(200);

  expect(await ask('{"query": "QUERYTEXT')).toBe(400);
  expect(await ask(fresh({ query: 7, documents: ['DOCTEXT'] }))).toBe(400);
  expect(await ask(fresh({ documents: [{ title: 'DOCTEXT' }], rank_fields: ['QUERYTEXT field'] }))).toBe(400);
  expect(await ask(fresh({ top_n: 'QUERYTEXT' }))).toBe(400);
  expect(await ask(`{"query":"QUERYTEXT \\ud800","documents":["DOCTEXT"]}`)).toBe(400);
  expect(await ask(fresh({ model: 'QUERYTEXT' }))).toBe(404);
  expect(await ask(fresh({ model: COHERE }), { authorization: `Bearer ${KEYS.chatbot}` })).toBe(403);
  expect(await ask(fresh(), { authorization: 'Bearer wrong-key-SECRET-9999' })).toBe(401);
  expect(await ask(fresh(), { authorization: 'Basic SECRET' })).toBe(401);
  expect(await ask(fresh({ documents: ['DOCTEXT'.repeat(300_000)] }))).toBe(413);
  expect(await note(await fetch(`${gateway.url}/v1/rerank?key=SECRET&q=QUERYTEXT`))).toBe(405);
  expect(await note(await fetch(`${gateway.url}/no/QUERYTEXT?key=SECRET`))).toBe(404);
  expect(await ask(fresh(), { 'cache-control': 'only-if-cached' })).toBe(504);

  const patience = { prefer: 'wait=2' };
  for (const [status, seen] of [
    [403, 403],
    [401, 502],
    [500, 502],
  ] as const) {
    const message = `${UPSTREAM_KEY} of ${simulator.url}: QUERYTEXT DOCTEXT`;
    simulator.fault({ kind: 'status', status, message, retryAfter: '50' }, 100);
    expect(await ask(fresh(), patience)).toBe(seen);
    simulator.clearFaults();
    // One success, lest what an upstream did wrong be held against it.
    expect(await ask(fresh())).toBe(200);
  }
  for (const fault of [
    { kind: 'reset' },
    { kind: 'reset-midway' },
    { kind: 'garbage', body: 'QUERYTEXT' },
  ] as const) {
    simulator.fault(fault, 100);
    expect(await ask(fresh(), patience)).toBe(502);
    simulator.clearFaults();
  }

  const leave = new AbortController();
  const calls = simulator.calls.length;
  simulator.fault({ kind: 'hang' });
  const left = gateway.rerank(fresh(), { signal: leave.signal }).catch(() => 'left');
  await until(() => simulator.calls.length > calls);
  leave.abort();
  await left;
  const raw = await openRaw(gateway.url);
  const head = requestHead({ authorization: `Bearer ${KEYS.search}`, 'content-length': '1000' });
  await raw.write(`${head}{"query": "QUERYTEXT`);
  raw.socket.end();
  answers.push((await raw.answer()).body);
  await redis.kill();
  expect(await ask(fresh())).toBe(200);

  const headers = { authorization: `Bearer ${KEYS.search}` };
  for (const path of ['/healthz', '/readyz', '/openapi.json', '/docs', '/'])
    await note(await fetch(gateway.url + path));
  expect(await note(await fetch(`${gateway.url}/v1/models`, { headers }))).toBe(200);
  expect(await note(await fetch(`${gateway.url}/metrics`))).toBe(401);
  const metrics = await fetch(`${gateway.url}/metrics`, { headers: { authorization: `Bearer ${TOKEN}` } });
  expect(await note(metrics)).toBe(200);
};

beforeAll(async () => {
  redis = await startRedis();
  const { port } = new URL(redis.url);
  gateway = await startTestGateway({
    env: {
      LOG_LEVEL: 'trace',
      METRICS_TOKEN: TOKEN,
      MAX_BODY_MB: '1',
      GATEWAY_KEYS: `search:${KEYS.search},chatbot:${KEYS.chatbot};models=${AMAZON}`,
      REDIS_URL: `redis://:${REDIS_PASSWORD}@127.0.0.1:${port}`,
    },
  });
  await mix();
  await gateway.stop();
});
afterAll(() => redis.kill());

const MARKERS = ['SECRET', 'QUERYTEXT', 'DOCTEXT'];

/** Which of the words occur in which of the texts, without showing the texts. */
const found = (texts: readonly string[], words: readonly string[]): string[] =>
  words.filter((word) => texts.some((text) => text.includes(word)));

test('no log line holds a key, a query or a document, at the most talkative level', () => {
  expect(gateway.log.length).toBeGreaterThan(20);
  // The marker words must not be printed either, hence a count.
  expect(found(gateway.log, MARKERS)).toHaveLength(0);
});

test('no answer does, be it an error, a page, the models or the metrics', () => {
  expect(answers.length).toBeGreaterThan(40);
  expect(found(answers, MARKERS)).toHaveLength(0);
});

test('none of it tells where the upstream is', () => {
  const { host } = new URL(gateway.simulator.url);
  expect(found([...answers, ...gateway.log], [host])).toHaveLength(0);
});

test('every request of the mix has its line in the log, with the id that its caller saw', () => {
  const lines = gateway.log.map((line) => JSON.parse(line) as { msg: string; id?: string; status?: number });
  const requests = lines.filter(({ msg }) => msg === 'request');
  expect(requests.some(({ id }) => id === 'caller-chosen-id-0123456789')).toBe(true);
  expect(requests.filter(({ status }) => status === 500)).toHaveLength(0);
  expect(new Set(requests.map(({ id }) => id)).size).toBe(requests.length);
});

test('every error of the mix says its cause', () => {
  const errors = gateway.log.map((line) => JSON.parse(line)).filter(({ level }) => level === 'error');
  expect(errors.length).toBeGreaterThan(3);
  expect(errors.filter(({ cause }) => typeof cause !== 'string' || cause === '')).toEqual([]);
});

test('a key that is refused has a line of its own, with a fingerprint, and who sent it', () => {
  const lines = gateway.log.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'key refused');
  expect(lines).toMatchObject([
    {
      level: 'warn',
      fingerprint: expect.stringMatching(/^[0-9a-f]{8}$/),
      address: '127.0.0.1',
      agent: 'node',
    },
  ]);
});
