import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { OUTCOMES } from '../../src/calls/outcome.ts';
import type { RequestFacts } from '../../src/metrics/recorder.ts';
import { ATTACHMENTS, CLIENTS, MODELS, Scraped, seriesOf } from './scrape.ts';

let scraped: Scraped;
beforeEach(() => {
  scraped = new Scraped();
});

const [MODEL = ''] = MODELS;
const answered: RequestFacts = {
  client: 'search',
  model: MODEL,
  outcome: 'miss',
  status: 200,
  durationMs: 1500,
};

describe('a request', () => {
  test('is counted under its client, model, outcome and status', async () => {
    scraped.recorder.request(answered);
    scraped.recorder.request(answered);
    const labels = { client: 'search', model: MODEL, outcome: 'miss', code: '200' };
    expect(await scraped.value('requests_total', labels)).toBe(2);
    expect(await scraped.value('requests_total')).toBe(2);
  });

  test('adds its duration, in seconds, and its documents', async () => {
    scraped.recorder.request({ ...answered, documents: 40 });
    const labels = { model: MODEL, outcome: 'miss' };
    expect(await scraped.value('request_duration_seconds_sum', labels)).toBe(1.5);
    expect(await scraped.value('request_duration_seconds_bucket', { ...labels, le: '1' })).toBe(0);
    expect(await scraped.value('request_duration_seconds_bucket', { ...labels, le: '2.5' })).toBe(1);
    expect(await scraped.value('request_documents_sum', { model: MODEL })).toBe(40);
  });

  test('adds each score to where it came from', async () => {
    scraped.recorder.request({ ...answered, sources: { memory: 1, redis: 2, upstream: 1, joined: 1 } });
    const bySource = await Promise.all(
      ['memory', 'redis', 'joined', 'upstream'].map((source) => scraped.value('documents_total', { source })),
    );
    expect(bySource).toEqual([1, 2, 1, 1]);
  });

  test('adds what it would have cost by itself: a unit for every 100 documents, or its bill if that is more', async () => {
    const labels = { client: 'search', model: MODEL };
    for (const [documents, searchUnits, asked] of [
      [40, 0, 1],
      [100, 1, 1],
      [101, 0, 2],
      [3, 5, 5],
    ] as const) {
      const before = (await scraped.value('request_search_units_total', labels)) ?? 0;
      scraped.recorder.request({ ...answered, documents, searchUnits });
      expect(await scraped.value('request_search_units_total', labels)).toBe(before + asked);
    }
  });

  test('that was not answered would have cost nothing', async () => {
    scraped.recorder.request({ ...answered, outcome: 'error', status: 502, documents: 3, searchUnits: 0 });
    scraped.recorder.request({ ...answered, outcome: 'rejected', status: 429, documents: 3 });
    expect(await scraped.value('request_search_units_total')).toBe(0);
  });

  test('that was rejected tells why, and any other does not', async () => {
    scraped.recorder.request({ ...answered, outcome: 'rejected', status: 429, error: 'queue_full' });
    scraped.recorder.request({ ...answered, outcome: 'error', status: 502, error: 'upstream_failed' });
    const labels = { client: 'search', model: MODEL, reason: 'queue_full' };
    expect(await scraped.value('rejections_total', labels)).toBe(1);
    expect(await scraped.value('rejections_total')).toBe(1);
  });
});

test('a call that is made again is counted under its model, with the reason', async () => {
  scraped.recorder.retry(MODEL, 'failed');
  scraped.recorder.retry(MODEL, 'failed');
  scraped.recorder.retry(MODEL, 'throttled');
  expect(await scraped.value('upstream_retries_total', { model: MODEL, reason: 'failed' })).toBe(2);
  expect(await scraped.value('upstream_retries_total')).toBe(3);
});

test('the ledger balances: every request is counted once, whatever became of it', async () => {
  const name = (known: readonly string[]) =>
    fc.constantFrom(...known, undefined, 'somebody else', '__proto__');
  const facts = fc.record({
    client: name(CLIENTS),
    model: name(MODELS),
    outcome: fc.constantFrom(...OUTCOMES),
    error: fc.constantFrom(undefined, 'queue_full', 'draining'),
    status: fc.constantFrom(200, 400, 429, 503),
    durationMs: fc.nat(),
    sources: fc.dictionary(fc.constantFrom('memory', 'redis', 'joined', 'upstream'), fc.nat(1000)),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(facts, { minLength: 1, maxLength: 20 }), async (requests) => {
      const fresh = new Scraped();
      for (const one of requests) fresh.recorder.request(one as RequestFacts);
      const rejected = requests.filter(({ outcome }) => outcome === 'rejected').length;
      expect(await fresh.value('requests_total')).toBe(requests.length);
      expect(await fresh.value('request_duration_seconds_count')).toBe(requests.length);
      expect(await fresh.value('rejections_total')).toBe(rejected);
      expect(await fresh.value('requests_total', { outcome: 'rejected' })).toBe(rejected);
      const texts = requests.flatMap(({ sources }) => Object.values(sources));
      expect(await fresh.value('documents_total')).toBe(texts.reduce((sum, count) => sum + count, 0));
    }),
    { numRuns: 20 },
  );
});

describe('a cached pair that is scored again', () => {
  test('is the same only when it is so to the last bit, and tells how far it is off', async () => {
    for (const difference of [0, 0, 1e-12]) scraped.recorder.verified(MODEL, difference, 'same');
    scraped.recorder.verified(MODEL, 0.05, 'dependent');
    scraped.recorder.verified(MODEL, 0.5, 'changed');
    expect(await scraped.value('verified_pairs_total', { model: MODEL, result: 'same' })).toBe(2);
    expect(await scraped.value('verified_pairs_total', { model: MODEL, result: 'drifted' })).toBe(2);
    expect(await scraped.value('verified_pairs_total', { model: MODEL, result: 'changed' })).toBe(1);
    const upTo = (le: string) => scraped.value('score_drift_bucket', { model: MODEL, le });
    expect(await Promise.all(['0', '1e-9', '0.01', '0.1'].map(upTo))).toEqual([2, 3, 3, 4]);
  });
});

test('an ask that joins a call which still waits is counted', async () => {
  scraped.recorder.merged(MODEL);
  expect(await scraped.value('merged_requests_total', { model: MODEL })).toBe(1);
});

describe('what happens inside', () => {
  test('is counted: look-ups, waits, calls, and what they cost', async () => {
    const { recorder } = scraped;
    recorder.cacheLookup(MODEL, 'redis', 'stale');
    recorder.queueWait(MODEL, 250, 'full');
    recorder.upstreamCall({
      client: 'search',
      attachment: 'RERANK',
      model: MODEL,
      code: '429',
      ms: 100,
      spent: 0,
    });
    recorder.upstreamCall({
      client: 'search',
      attachment: 'RERANK_EU',
      model: MODEL,
      code: '200',
      ms: 400,
      spent: 3,
    });
    const model = MODEL;
    expect(await scraped.value('cache_requests_total', { model, tier: 'redis', result: 'stale' })).toBe(1);
    expect(await scraped.value('queue_wait_seconds_sum', { model })).toBe(0.25);
    expect(await scraped.value('queue_waits_total', { model, reason: 'full' })).toBe(1);
    expect(await scraped.value('upstream_requests_total', { upstream: 'RERANK', model, code: '429' })).toBe(
      1,
    );
    expect(await scraped.value('upstream_duration_seconds_sum', { upstream: 'RERANK_EU', model })).toBe(0.4);
    expect(await scraped.value('upstream_search_units_total', { upstream: 'RERANK_EU', model })).toBe(3);
    expect(await scraped.value('upstream_search_units_total', { upstream: 'RERANK', model })).toBe(0);
    expect(await scraped.value('client_upstream_calls_total', { client: 'search', model })).toBe(2);
    expect(await scraped.value('client_search_units_total', { client: 'search', model })).toBe(3);
  });

  test('at Redis is timed, and counted as an error only when it failed', async () => {
    scraped.recorder.redisCommand('read', undefined, 2);
    scraped.recorder.redisCommand('read', 'outage', 250);
    expect(await scraped.value('redis_command_duration_seconds_count', { op: 'read' })).toBe(2);
    expect(await scraped.value('redis_errors_total', { op: 'read', kind: 'outage' })).toBe(1);
    expect(await scraped.value('redis_errors_total', { op: 'write', kind: 'outage' })).toBe(0);
  });
});

describe('a name that is not from the configuration', () => {
  const HOSTILE = 'QUERYTEXT';
  const seriesWith = async (label: string): Promise<unknown[]> =>
    seriesOf(await scraped.metrics.registry.metrics()).filter(({ labels }) =>
      Object.values(labels).includes(label),
    );

  test('never becomes a label, but is `other`', async () => {
    scraped.recorder.request({
      ...answered,
      client: HOSTILE,
      model: HOSTILE,
      documents: 1,
      sources: { memory: 1 },
    });
    scraped.recorder.request({ outcome: 'rejected', status: 503, durationMs: 1, error: 'draining' });
    expect(await seriesWith(HOSTILE)).toEqual([]);
    expect(await scraped.value('requests_total', { client: 'other', model: 'other' })).toBe(2);
    expect(await scraped.value('request_documents_count', { model: 'other' })).toBe(1);
    expect(await scraped.value('rejections_total', { client: 'other', model: 'other' })).toBe(1);
  });

  test.each<[string, (to: Scraped['recorder']) => void]>([
    ['look-up', (to) => to.cacheLookup(HOSTILE, 'memory', 'miss')],
    [
      'call of some client',
      (to) =>
        to.upstreamCall({
          client: HOSTILE,
          attachment: ATTACHMENTS[0]!,
          model: MODEL,
          code: '200',
          ms: 1,
          spent: 1,
        }),
    ],
    ['wait', (to) => to.queueWait(HOSTILE, 1, 'full')],
    [
      'call to some model',
      (to) =>
        to.upstreamCall({
          client: 'search',
          attachment: ATTACHMENTS[0]!,
          model: HOSTILE,
          code: '200',
          ms: 1,
          spent: 1,
        }),
    ],
    [
      'call of some attachment',
      (to) =>
        to.upstreamCall({
          client: 'search',
          attachment: HOSTILE,
          model: MODEL,
          code: '200',
          ms: 1,
          spent: 1,
        }),
    ],
  ])('is not one on a %s either', async (_, record) => {
    record(scraped.recorder);
    expect(await seriesWith(HOSTILE)).toEqual([]);
  });
});
