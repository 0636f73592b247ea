/** All metrics of the gateway. Label values come from the configuration only; any other value is `other`. */

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

const PREFIX = 'gateway_';

/** Seconds: from a memory hit to the 30 s after which Heroku's router gives up. */
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

const DOCUMENTS = [1, 5, 10, 25, 50, 100, 250, 500, 1000];

/** Differences of scores from 0 to 1: from rounding in the last bits to another ranking. */
const DIFFERENCES = [0, 1e-9, 1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.1];

export interface MetricsOptions {
  readonly dyno: string;
  readonly version: string;
  /** The running release and commit, if they are known. */
  readonly release?: string | undefined;
  readonly commit?: string | undefined;
}

/** A registry of its own per gateway, so that several live in one process. */
export const createMetrics = ({ dyno, version, release, commit }: MetricsOptions) => {
  const registry = new Registry();
  registry.setDefaultLabels({ dyno });
  collectDefaultMetrics({ register: registry });

  const counter = <L extends string>(name: string, help: string, labelNames: L[]) =>
    new Counter({ name: PREFIX + name, help, labelNames, registers: [registry] });
  const gauge = <L extends string>(name: string, help: string, labelNames: L[]) =>
    new Gauge({ name: PREFIX + name, help, labelNames, registers: [registry] });
  const histogram = <L extends string>(name: string, help: string, labelNames: L[], buckets: number[]) =>
    new Histogram({ name: PREFIX + name, help, labelNames, buckets, registers: [registry] });

  gauge('build_info', 'Always 1; the labels name the build.', ['version', 'node', 'release', 'commit']).set(
    // To Prometheus an empty label is an absent one.
    { version, node: process.version, release: release ?? '', commit: commit ?? '' },
    1,
  );

  return {
    registry,
    requests: counter('requests_total', 'Rerank requests, by outcome and status.', [
      'client',
      'model',
      'outcome',
      'code',
    ]),
    requestDuration: histogram(
      'request_duration_seconds',
      'Time from the arrival of a rerank request to its answer.',
      ['model', 'outcome'],
      SECONDS,
    ),
    requestsInFlight: gauge('requests_in_flight', 'Rerank requests under way.', []),
    requestDocuments: histogram('request_documents', 'Documents of a rerank request.', ['model'], DOCUMENTS),
    documents: counter('documents_total', 'Distinct documents answered, by source of the score.', [
      'model',
      'source',
    ]),
    cacheRequests: counter('cache_requests_total', 'Look-ups in a cache tier.', ['model', 'tier', 'result']),
    cacheBytes: gauge('cache_bytes', 'Bytes of scores in the memory cache.', []),
    cacheEntries: gauge('cache_entries', 'Scored pairs in the memory cache.', []),
    cacheGranularity: gauge('cache_granularity', '1 for the granularity at which scores are reused now.', [
      'model',
      'granularity',
    ]),
    scoresDependent: gauge(
      'scores_dependent',
      '1 while scores of a model configured `document` are known to depend on companions, else 0.',
      ['model'],
    ),
    mergedRequests: counter(
      'merged_requests_total',
      'Calls that joined another one that was waiting for its permit.',
      ['model'],
    ),
    verifiedPairs: counter(
      'verified_pairs_total',
      'Cached pairs scored again, by whether the score was the same.',
      ['model', 'result'],
    ),
    scoreDrift: histogram(
      'score_drift',
      'Difference between the new and the cached score of a pair.',
      ['model'],
      DIFFERENCES,
    ),
    queueDepth: gauge('queue_depth', 'Upstream calls waiting for a permit.', ['model']),
    queueWait: histogram(
      'queue_wait_seconds',
      'Wait of an upstream call for its permit.',
      ['model'],
      SECONDS,
    ),
    queueWaits: counter('queue_waits_total', 'Upstream calls that got a permit, by reason for their wait.', [
      'model',
      'reason',
    ]),
    bufferedBytes: gauge(
      'buffered_bytes',
      'Bytes held for requests that arrive, wait or are being sent.',
      [],
    ),
    shed: counter('shed_total', 'Requests refused because too many bytes were held, by their size.', [
      'reason',
    ]),
    rejections: counter('rejections_total', 'Valid rerank requests that were refused, by reason.', [
      'client',
      'model',
      'reason',
    ]),
    upstreamRequests: counter('upstream_requests_total', 'Upstream calls, by status of the answer.', [
      'upstream',
      'model',
      'code',
    ]),
    upstreamDuration: histogram(
      'upstream_duration_seconds',
      'Duration of upstream calls.',
      ['upstream', 'model'],
      SECONDS,
    ),
    upstreamRetries: counter('upstream_retries_total', 'Retries of upstream calls, by reason.', [
      'model',
      'reason',
    ]),
    firewallRefusals: counter(
      'firewall_refusals_total',
      'Upstream calls refused by the firewall in front of the upstream.',
      ['model'],
    ),
    requestSearchUnits: counter(
      'request_search_units_total',
      'Search units that answered requests would have cost at least, each by a call of its own.',
      ['client', 'model'],
    ),
    upstreamSearchUnits: counter('upstream_search_units_total', 'Search units billed by the upstream.', [
      'upstream',
      'model',
    ]),
    upstreamTokens: counter('upstream_tokens_total', 'Tokens billed by the upstream, of embedding models.', [
      'upstream',
      'model',
    ]),
    clientUpstreamCalls: counter(
      'client_upstream_calls_total',
      'Upstream calls, by the client that caused them.',
      ['client', 'model'],
    ),
    clientSearchUnits: counter(
      'client_search_units_total',
      'Search units billed by the upstream, by the client that caused the call.',
      ['client', 'model'],
    ),
    clientTokens: counter(
      'client_tokens_total',
      'Tokens billed by the upstream, by the client that caused the call.',
      ['client', 'model'],
    ),
    keyLastUsed: gauge(
      'client_key_last_used_timestamp_seconds',
      'When a key was used last, 0 if not since the start; keys are numbered in the order of the configuration.',
      ['client', 'key'],
    ),
    ratelimitLimit: gauge('ratelimit_limit_requests', 'Calls that an attachment allows in one window.', [
      'upstream',
      'model',
    ]),
    ratelimitUsed: gauge('ratelimit_used_requests', 'Calls that count in the window now.', [
      'upstream',
      'model',
    ]),
    ratelimitLimitTokens: gauge(
      'ratelimit_limit_tokens',
      'Tokens that an attachment allows in one window, where they are limited.',
      ['upstream', 'model'],
    ),
    ratelimitUsedTokens: gauge(
      'ratelimit_used_tokens',
      'Tokens that count in the window now; of calls that are out, what they may cost.',
      ['upstream', 'model'],
    ),
    pacingAlone: gauge(
      'pacing_alone',
      '1 while a process cannot see the calls of those that share the limit, else 0.',
      ['upstream', 'model'],
    ),
    circuitOpen: gauge('circuit_open', '1 while calls are kept away from an attachment, else 0.', [
      'upstream',
    ]),
    redisUp: gauge('redis_up', '1 while Redis is connected, 0 while not; absent without Redis.', []),
    redisErrors: counter('redis_errors_total', 'Failed Redis commands, by kind of failure.', ['op', 'kind']),
    redisState: gauge('redis_state', '1 for the present state of Redis; absent without Redis.', ['state']),
    redisConnects: counter('redis_connects_total', 'Attempts to connect to Redis.', ['connection']),
    redisDuration: histogram(
      'redis_command_duration_seconds',
      'Duration of Redis commands.',
      ['op'],
      SECONDS,
    ),
    logLinesDropped: counter(
      'log_lines_dropped_total',
      'Log lines dropped because the reader of the log is too slow, or gone.',
      [],
    ),
    snapshotsSkipped: counter(
      'fleet_snapshots_skipped_total',
      'Snapshots of other processes that were invalid, or more than one scrape reads.',
      [],
    ),
  };
};

export type Metrics = ReturnType<typeof createMetrics>;
