import { afterEach, describe, expect, test } from 'vitest';
import { type Simulator, startSimulator } from '../../src/simulator/server.ts';
import {
  AMAZON,
  COHERE,
  KEYS,
  LIMITS,
  metric,
  startTestGateway,
  type TestGateway,
  UPSTREAM_KEY,
} from '../support/gateway.ts';
import { runGateway } from '../support/process.ts';
import { bodyOf, fresh } from './requests.ts';

const TOKEN = 'metrics-token-SECRET-77';

let gateway: TestGateway;

const until = async (condition: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 10));
};

describe('/metrics', () => {
  const scrape = (url: string, token?: string): Promise<Response> =>
    fetch(`${url}/metrics`, { headers: token ? { authorization: `Bearer ${token}` } : {} });

  test('is open in development without a token', async () => {
    gateway = await startTestGateway();
    const answer = await scrape(gateway.url);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    await gateway.stop();
  });

  test('needs the token when there is one, and takes no other key', async () => {
    gateway = await startTestGateway({ env: { METRICS_TOKEN: TOKEN } });
    for (const token of [undefined, KEYS.search, UPSTREAM_KEY, `${TOKEN}x`]) {
      const answer = await scrape(gateway.url, token);
      expect(answer.status).toBe(401);
      expect(answer.headers.get('www-authenticate')).toBe('Bearer');
      expect(await answer.text()).not.toContain('gateway_');
    }
    expect((await scrape(gateway.url, TOKEN)).status).toBe(200);
    expect((await gateway.rerank(fresh(), { headers: { authorization: `Bearer ${TOKEN}` } })).status).toBe(
      401,
    );
    await gateway.stop();
  });

  describe('in production', () => {
    let simulator: Simulator;
    afterEach(() => simulator.close());

    test.each([undefined, TOKEN])('is closed to whoever has no token', async (configured) => {
      simulator = await startSimulator({ keys: { [UPSTREAM_KEY]: {} }, limits: LIMITS });
      await using process = runGateway({
        RERANK_URL: simulator.url,
        RERANK_KEY: UPSTREAM_KEY,
        GATEWAY_KEYS: `search:${KEYS.search}`,
        ...(configured ? { METRICS_TOKEN: configured } : {}),
      });
      const url = await process.listening;
      expect((await scrape(url)).status).toBe(401);
      expect((await scrape(url, KEYS.search)).status).toBe(401);
      expect((await scrape(url, TOKEN)).status).toBe(configured ? 200 : 401);
    });
  });
});

describe('at the start', () => {
  test('every known series stands at 0, with the dyno on each', async () => {
    gateway = await startTestGateway({ env: { DYNO: 'web.7' } });
    const text = await gateway.metrics();
    await gateway.stop();
    const series = (name: string, labels: string[]): void => {
      const line = text
        .split('\n')
        .find((one) => one.startsWith(`${name}{`) && labels.every((label) => one.includes(label)));
      expect(line, `${name} ${labels.join()}`).toMatch(/ 0$/);
    };
    for (const model of [COHERE, AMAZON].map((name) => `model="${name}"`)) {
      for (const client of Object.keys(KEYS).map((name) => `client="${name}"`)) {
        for (const outcome of ['hit', 'partial', 'miss', 'stale', 'bypass', 'rejected', 'invalid', 'error']) {
          series('gateway_requests_total', [model, client, `outcome="${outcome}"`]);
        }
        series('gateway_rejections_total', [model, client]);
      }
      for (const source of ['memory', 'redis', 'joined', 'upstream']) {
        series('gateway_documents_total', [model, `source="${source}"`]);
      }
      for (const tier of ['memory', 'redis'])
        series('gateway_cache_requests_total', [model, `tier="${tier}"`]);
      series('gateway_upstream_requests_total', [model, 'upstream="RERANK"', 'code="200"']);
      series('gateway_upstream_search_units_total', [model, 'upstream="RERANK"']);
      series('gateway_ratelimit_used_requests', [model, 'upstream="RERANK"']);
      for (const result of ['same', 'drifted'])
        series('gateway_verified_pairs_total', [model, `result="${result}"`]);
      series('gateway_merged_requests_total', [model]);
      series('gateway_queue_depth', [model]);
    }
    for (const op of ['read', 'claim', 'write', 'release'])
      series('gateway_redis_errors_total', [`op="${op}"`]);
    for (const name of ['requests_in_flight', 'cache_bytes', 'cache_entries']) series(`gateway_${name}`, []);
    expect(metric(text, 'gateway_ratelimit_limit_requests', { model: COHERE })).toBe(250);
    expect(metric(text, 'gateway_build_info')).toBe(1);
    const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    expect(samples.filter((line) => !line.includes('dyno="web.7"'))).toEqual([]);
  });

  test('every metric of the contract exists', async () => {
    gateway = await startTestGateway();
    const text = await gateway.metrics();
    await gateway.stop();
    const missing = [
      ...[
        'build_info',
        'requests_total',
        'request_duration_seconds',
        'requests_in_flight',
        'request_documents',
      ],
      ...['documents_total', 'cache_requests_total', 'cache_bytes', 'cache_entries', 'queue_depth'],
      ...['cache_granularity', 'merged_requests_total', 'verified_pairs_total', 'score_drift'],
      ...['queue_wait_seconds', 'rejections_total', 'upstream_requests_total', 'upstream_duration_seconds'],
      ...['upstream_retries_total', 'upstream_search_units_total', 'ratelimit_limit_requests'],
      ...['ratelimit_used_requests', 'circuit_open', 'redis_up', 'redis_errors_total'],
      'redis_command_duration_seconds',
    ].filter((name) => !text.includes(`# TYPE gateway_${name} `));
    expect(missing).toEqual([]);
  });
});

describe('after a mix of everything', () => {
  test('the ledger balances', async () => {
    gateway = await startTestGateway();
    const { simulator } = gateway;
    const cost: number[] = [];
    let sent = 0;
    const ask = async (request: unknown, headers: Record<string, string> = {}): Promise<number> => {
      sent++;
      const answer = await gateway.rerank(request, { headers });
      if (answer.status === 200) cost.push((await bodyOf(answer)).meta.billed_units.search_units);
      return answer.status;
    };

    const known = fresh({ documents: ['a', 'b', 'a'] });
    await ask(known);
    await ask(known);
    await ask({ ...known, top_n: 1 });
    await ask(fresh({ model: AMAZON, documents: Array.from({ length: 150 }, (_, i) => `document ${i}`) }));
    await ask(fresh(), { 'cache-control': 'no-store' });
    simulator.latency([80, 80]);
    const shared = fresh();
    await Promise.all([ask(shared), ask(shared), ask(shared)]);
    simulator.latency([0, 0]);
    await ask('nonsense');
    await ask(fresh({ model: 'no-such-model' }));
    await ask(fresh({ documents: [] }));
    await ask(fresh(), { authorization: 'Bearer wrong-key-SECRET-9999' });
    await ask(fresh(), { 'cache-control': 'only-if-cached' });
    simulator.fault({ kind: 'status', status: 500 }, 100);
    await ask(fresh(), { prefer: 'wait=1' });
    simulator.clearFaults();
    sent += 1;
    await fetch(`${gateway.url}/v1/rerank`);
    const leave = new AbortController();
    simulator.fault({ kind: 'hang' });
    const calls = simulator.calls.length;
    const left = gateway.rerank(fresh(), { signal: leave.signal }).catch(() => 'left');
    sent += 1;
    await until(() => simulator.calls.length > calls);
    expect(metric(await gateway.metrics(), 'gateway_requests_in_flight')).toBe(1);
    leave.abort();
    await left;
    await until(async () => metric(await gateway.metrics(), 'gateway_requests_in_flight') === 0);
    // Last, since nothing is sent for a while after it.
    simulator.fault({ kind: 'status', status: 429, retryAfter: '50' }, 100);
    await ask(fresh());
    simulator.clearFaults();
    const text = await gateway.metrics();
    await gateway.stop();

    const count = (labels: Record<string, string>): number => metric(text, 'gateway_requests_total', labels);
    expect(count({})).toBe(sent);
    expect(metric(text, 'gateway_request_duration_seconds_count')).toBe(sent);
    const outcomes = ['hit', 'partial', 'miss', 'stale', 'bypass', 'rejected', 'invalid', 'error'];
    expect(Object.fromEntries(outcomes.map((outcome) => [outcome, count({ outcome })]))).toEqual({
      hit: 2,
      partial: 0,
      miss: 5,
      stale: 0,
      bypass: 1,
      rejected: 2,
      invalid: 5,
      error: 2,
    });
    expect(count({ client: 'search', code: '200' })).toBe(8);
    // What is not of the configuration has no series of its own.
    expect(count({ client: 'other', code: '401' })).toBe(1);
    expect(count({ client: 'search', model: 'other', code: '404' })).toBe(1);
    expect(metric(text, 'gateway_rejections_total')).toBe(2);

    const documents = (source: string): number => metric(text, 'gateway_documents_total', { source });
    expect([documents('memory'), documents('redis'), documents('joined'), documents('upstream')]).toEqual([
      4,
      0,
      6,
      2 + 150 + 3 + 3,
    ]);
    expect(metric(text, 'gateway_upstream_requests_total')).toBe(simulator.calls.length);
    for (const code of ['200', '429', '500']) {
      const answered = simulator.calls.filter(({ status }) => String(status) === code);
      expect(metric(text, 'gateway_upstream_requests_total', { code })).toBe(answered.length);
    }
    const units = cost.reduce((sum, n) => sum + n, 0);
    expect(units).toBe(1 + 2 + 1 + 1);
    expect(metric(text, 'gateway_upstream_search_units_total')).toBe(units);
    // Each call and each unit is some client's.
    expect(metric(text, 'gateway_client_upstream_calls_total')).toBe(simulator.calls.length);
    expect(metric(text, 'gateway_client_search_units_total')).toBe(units);
    expect(metric(text, 'gateway_client_search_units_total', { client: 'other' })).toBe(0);
    expect(metric(text, 'gateway_cache_entries')).toBe(2 + 150 + 3);
    expect(metric(text, 'gateway_cache_bytes')).toBeGreaterThanOrEqual(32 * (2 + 150 + 3));
    // All calls of the last minute are still held.
    expect(metric(text, 'gateway_ratelimit_used_requests')).toBe(simulator.calls.length);
    expect(text).not.toMatch(/_bucket\{[^}]*client=/);
  });

  test('the queue shows, and what waits in it', async () => {
    gateway = await startTestGateway({ env: { MODEL_LIMITS: `${COHERE}=1`, RATE_WINDOW_MS: '300' } });
    gateway.simulator.fault({ kind: 'hang' });
    const leave = new AbortController();
    const ask = () => gateway.rerank(fresh(), { signal: leave.signal }).catch(() => 'left');
    const requests = [ask()];
    await until(() => gateway.simulator.calls.length === 1);
    requests.push(ask(), ask(), ask());
    await until(async () => metric(await gateway.metrics(), 'gateway_queue_depth', { model: COHERE }) === 3);
    expect(metric(await gateway.metrics(), 'gateway_requests_in_flight')).toBe(4);
    leave.abort();
    await Promise.all(requests);
    await until(async () => metric(await gateway.metrics(), 'gateway_queue_depth') === 0);
    await gateway.stop();
  });
});

describe('when a key was used last', () => {
  const used = async (): Promise<number[]> => {
    const text = await gateway.metrics();
    return ['1', '2', '3'].map((key) =>
      metric(text, 'gateway_client_key_last_used_timestamp_seconds', { client: 'search', key }),
    );
  };

  test('is told for each key of a service, also of one that only sends again what was answered before', async () => {
    const [old, current, again] = ['old', 'current', 'again'].map((name) => `key-SECRET-of-search-${name}`);
    gateway = await startTestGateway({
      env: { GATEWAY_KEYS: [old, current, again].map((key) => `search:${key}`).join(',') },
    });
    const began = Math.floor(Date.now() / 1000);
    const request = fresh();
    const ask = async (key = '') =>
      bodyOf(await gateway.rerank(request, { headers: { authorization: `Bearer ${key}` } }));
    for (let i = 0; i < 3; i++) await ask(current);
    const [first, second, third] = await used();
    expect([first, third]).toEqual([0, 0]);
    expect(second).toBeGreaterThanOrEqual(began);
    await ask(again);
    const [unused, , last] = await used();
    expect(unused).toBe(0);
    expect(last).toBeGreaterThanOrEqual(second!);
    expect(last).toBeLessThanOrEqual(Math.ceil(Date.now() / 1000));
    await gateway.stop();
  });
});
