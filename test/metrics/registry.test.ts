import { beforeEach, describe, expect, test } from 'vitest';
import { createMetrics } from '../../src/metrics/registry.ts';
import { DYNO, MODELS, Scraped, seriesOf } from './scrape.ts';

let scraped: Scraped;
beforeEach(() => {
  scraped = new Scraped();
});

/** One event of every kind, so that every metric has a series. */
const everything = ({ recorder, metrics }: Scraped): void => {
  const [model = ''] = MODELS;
  const request = {
    client: 'search',
    model,
    outcome: 'rejected',
    error: 'queue_full',
    status: 429,
    durationMs: 5,
  };
  recorder.request({ ...request, documents: 3, sources: { memory: 1 } });
  recorder.cacheLookup(model, 'memory', 'hit');
  recorder.queueWait(model, 5, 'full');
  recorder.upstreamCall({
    client: 'search',
    attachment: 'RERANK',
    model,
    code: '200',
    ms: 5,
    spent: 1,
  });
  recorder.redisCommand('read', 'outage', 5);
  recorder.redisConnect('cache');
  metrics.redisState.set({ state: 'up' }, 1);
  recorder.merged(model);
  recorder.verified(model, 0, 'same');
  metrics.cacheGranularity.set({ model, granularity: 'document' }, 1);
  metrics.queueDepth.set({ model }, 1);
  metrics.keyLastUsed.set({ client: 'search', key: '1' }, 1);
  metrics.ratelimitLimit.set({ upstream: 'RERANK', model }, 1);
  metrics.ratelimitUsed.set({ upstream: 'RERANK', model }, 1);
};

describe('the metrics of the contract', () => {
  test.each([
    ['build_info', 'gauge', ['commit', 'node', 'release', 'version']],
    ['requests_total', 'counter', ['client', 'code', 'model', 'outcome']],
    ['request_duration_seconds', 'histogram', ['model', 'outcome']],
    ['requests_in_flight', 'gauge', []],
    ['buffered_bytes', 'gauge', []],
    ['shed_total', 'counter', ['reason']],
    ['request_documents', 'histogram', ['model']],
    ['request_search_units_total', 'counter', ['client', 'model']],
    ['documents_total', 'counter', ['model', 'source']],
    ['cache_requests_total', 'counter', ['model', 'result', 'tier']],
    ['cache_bytes', 'gauge', []],
    ['cache_entries', 'gauge', []],
    ['cache_granularity', 'gauge', ['granularity', 'model']],
    ['merged_requests_total', 'counter', ['model']],
    ['verified_pairs_total', 'counter', ['model', 'result']],
    ['score_drift', 'histogram', ['model']],
    ['queue_depth', 'gauge', ['model']],
    ['queue_wait_seconds', 'histogram', ['model']],
    ['rejections_total', 'counter', ['client', 'model', 'reason']],
    ['upstream_requests_total', 'counter', ['code', 'model', 'upstream']],
    ['upstream_duration_seconds', 'histogram', ['model', 'upstream']],
    ['upstream_search_units_total', 'counter', ['model', 'upstream']],
    ['client_upstream_calls_total', 'counter', ['client', 'model']],
    ['client_search_units_total', 'counter', ['client', 'model']],
    ['client_key_last_used_timestamp_seconds', 'gauge', ['client', 'key']],
    ['ratelimit_limit_requests', 'gauge', ['model', 'upstream']],
    ['ratelimit_used_requests', 'gauge', ['model', 'upstream']],
    ['redis_up', 'gauge', []],
    ['redis_errors_total', 'counter', ['kind', 'op']],
    ['redis_state', 'gauge', ['state']],
    ['redis_connects_total', 'counter', ['connection']],
    ['redis_command_duration_seconds', 'histogram', ['op']],
    ['fleet_snapshots_skipped_total', 'counter', []],
  ])('%s is a %s by %j', async (name, type, labels) => {
    everything(scraped);
    expect(await scraped.metrics.registry.metrics()).toContain(`# TYPE gateway_${name} ${type}\n`);
    const [one] = await scraped.series(type === 'histogram' ? `${name}_sum` : name);
    expect(Object.keys(one!.labels).sort()).toEqual(['dyno', ...labels].sort());
  });

  test('come with those of the process', async () => {
    const text = await scraped.metrics.registry.metrics();
    for (const name of [
      'process_cpu_seconds_total',
      'process_resident_memory_bytes',
      'nodejs_heap_size_used_bytes',
    ]) {
      expect(text).toContain(`# TYPE ${name} `);
    }
  });

  test('tell on every series which process speaks', async () => {
    everything(scraped);
    const series = seriesOf(await scraped.metrics.registry.metrics());
    expect(series.length).toBeGreaterThan(100);
    expect(series.filter(({ labels }) => labels.dyno !== DYNO)).toEqual([]);
  });

  test('tell what runs', async () => {
    expect(await scraped.series('build_info', { version: '1.2.3', node: process.version })).toHaveLength(1);
  });

  test('tell what Heroku has released, and nothing where nobody says', async () => {
    const release = { release: 'v42', commit: '2c3a0b2' };
    const { registry } = createMetrics({ dyno: DYNO, version: '1.2.3', ...release });
    expect(seriesOf(await registry.metrics())).toContainEqual(
      expect.objectContaining({ name: 'gateway_build_info', labels: expect.objectContaining(release) }),
    );
    expect(await scraped.series('build_info', { release: '', commit: '' })).toHaveLength(1);
  });

  test('never multiply a histogram’s buckets by the clients', async () => {
    everything(scraped);
    const buckets = seriesOf(await scraped.metrics.registry.metrics()).filter(({ name }) =>
      name.endsWith('_bucket'),
    );
    expect(new Set(buckets.map(({ name }) => name)).size).toBeGreaterThanOrEqual(5);
    expect(buckets.filter(({ labels }) => 'client' in labels)).toEqual([]);
  });

  test('of two gateways in one process are kept apart', async () => {
    const other = new Scraped();
    other.recorder.queueWait(MODELS[0]!, 1, 'full');
    expect(await other.value('queue_wait_seconds_count')).toBe(1);
    expect(await scraped.value('queue_wait_seconds_count')).toBeUndefined();
  });
});
