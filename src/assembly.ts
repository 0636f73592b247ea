/** Assembles a gateway from its rooms. The only file that knows every room. */

import type { Hono } from 'hono';
import type { Logger } from 'pino';
import { createApp } from './app.ts';
import { createCaches } from './cache/caches.ts';
import { ByteBudget } from './calls/byte-budget.ts';
import { framesOf } from './calls/frames.ts';
import { type EndpointName, endpointOf } from './calls/served.ts';
import { Unseen } from './calls/unseen.ts';
import type { Values } from './calls/values.ts';
import { type Column, createColumn } from './column/column.ts';
import { DEFAULT_ATTEMPTS } from './column/retry.ts';
import type { Config } from './config/config.ts';
import { Live } from './console/live.ts';
import { Recent } from './console/recent.ts';
import { sourcesOf } from './console/sources.ts';
import { EMBEDDINGS_API } from './endpoints/embeddings/api.ts';
import { EMBEDDINGS } from './endpoints/embeddings/endpoint.ts';
import { codec } from './endpoints/embeddings/vector.ts';
import { RERANK_API } from './endpoints/rerank/api.ts';
import { RERANK } from './endpoints/rerank/endpoint.ts';
import { Front, frontBytes } from './front/front.ts';
import { identifier } from './http/auth.ts';
import { Callers } from './http/callers.ts';
import type { GatewayEnv, RequestRecord } from './http/context.ts';
import { type EndpointOptions, endpoint } from './http/endpoint.ts';
import { readinessOf } from './http/health.ts';
import { accessNotices, cacheNotices, logRequest, pacingNotices } from './log.ts';
import { createExposition } from './metrics/exposition.ts';
import { observerOf } from './metrics/observer.ts';
import { Recorder } from './metrics/recorder.ts';
import { createMetrics } from './metrics/registry.ts';
import { statesOf } from './metrics/states.ts';
import { createPacers } from './pacing/pacers.ts';
import { settle } from './process/settle.ts';
import { createQuotas } from './quota/quotas.ts';
import { connect } from './redis/connections.ts';
import { attach } from './simulator/attach.ts';
import type { Profile } from './simulator/unkind.ts';
import { regionsOf } from './upstream/regions.ts';
import { connectUpstream } from './upstream/upstream.ts';

export interface AssemblyOptions {
  readonly config: Config;
  readonly log: Logger;
  readonly version: string;
  /** Whether the process drains, so that it should get no new requests. */
  readonly draining: () => boolean;
  /** The faults of the built-in simulator, if that is the upstream. */
  readonly unkind: Profile | undefined;
  /** Dropped log lines since the start. */
  readonly linesDropped: () => number;
}

export interface Assembly {
  readonly app: Hono<GatewayEnv>;
  /** Stands before the app. */
  readonly front: Front;
  /** The requests under way. */
  readonly callers: Callers;
  /** To be called for a request that never reached the app. */
  readonly onRequest: (record: RequestRecord) => void;
  /** Ends what would last as long as its caller stays. */
  endStreams(): void;
  /** To be called when no request is under way any more. Never rejects, and takes at most a few seconds. */
  close(): Promise<void>;
}

/** Share of the longest wait that an attempt may take: the rest is left for the next one. */
const ATTEMPT_SHARE = 0.6;

/** The longest wait for each step of closing, milliseconds: a Redis that hangs does not answer. */
const CLOSING_MS = 1000;

export const assemble = async (options: AssemblyOptions): Promise<Assembly> => {
  const { config, log, version, draining, unkind, linesDropped } = options;
  const { upstreams, closeSimulator } = await attach(config, log, unkind);
  const models = Object.keys(config.modelLimits);
  const metrics = createMetrics({ ...config, version });
  const recorder = new Recorder({
    metrics,
    clients: config.clients.length > 0 ? config.clients.map(({ name }) => name) : ['default'],
    models,
    attachments: upstreams.map(({ alias }) => alias),
  });
  const prefix = config.redis?.prefix ?? '';
  const redis = await connect({
    url: config.redis?.url,
    log,
    onCommand: (op, failure, ms) => recorder.redisCommand(op, failure?.kind, ms),
    onConnect: (connection) => recorder.redisConnect(connection),
  });
  const { memoryBytes } = config.cache;
  const caches = createCaches({
    models,
    settings: { ...config.cache, memoryBytes: memoryBytes - frontBytes(memoryBytes) },
    maxWaitMs: config.maxWaitMs,
    redis: redis && { commands: redis.cache, subscriber: redis.subscriber, prefix },
    simulated: config.upstreams.length === 0,
    ...cacheNotices(log),
    onListening: (failure) => redis?.health.note('messages', failure),
  });
  await caches.begin();
  const limited = {
    clients: config.clients,
    windowMs: config.rateWindowMs,
    maxWaitMs: config.maxWaitMs,
    redis: redis?.pacing,
    prefix,
  };
  const pacers = createPacers({
    ...limited,
    upstreams,
    limits: config.modelLimits,
    tokenLimits: config.modelTokens,
    maxQueue: config.maxQueue,
    process: config.dyno,
    channel: caches.channel,
    ...pacingNotices(log, recorder.lastFailure),
  });
  const quotas = createQuotas(limited);
  const budget = new ByteBudget({ maxBytes: config.maxBufferBytes, onShed: (size) => recorder.shed(size) });
  const upstream = connectUpstream({
    attachments: upstreams,
    timeoutMs: config.maxWaitMs,
    hold: (bytes) => budget.hold(bytes),
  });
  const callers = new Callers();
  const observer = observerOf(recorder, caches.granularities);
  const unseen = new Unseen(config.verifyRate);
  const common = {
    lifetime: config.cache,
    verifyRate: config.verifyRate,
    versionOf: caches.versionOf,
    costLimitOf: (model: string) => config.modelTokens[model],
    spare: pacers.hasRoomToSpare,
    refused: caches.refused,
    defang: config.upstreamFirewall === 'defang',
    maxWaitMs: config.maxWaitMs,
    quotas,
    permits: pacers.of,
    // Enough to reach the only attachment that works.
    attempts: Math.max(DEFAULT_ATTEMPTS, upstreams.length),
    attemptMs: ATTEMPT_SHARE * config.maxWaitMs,
    observer,
  };
  const rerank = createColumn({
    ...common,
    endpoint: RERANK,
    memory: caches.memory,
    redis: caches.shared,
    unseen,
    upstream: upstream.service(RERANK.wire),
  });
  const embeddings = createColumn({
    ...common,
    ...caches.byItem(codec),
    endpoint: EMBEDDINGS,
    unseen: new Unseen(config.verifyRate),
    upstream: upstream.service(EMBEDDINGS.wire),
  });
  const identify = identifier({ clients: config.clients });
  const { uses: keys } = identify;
  const handling = <V extends Values>(column: Column<V>, name: EndpointName): EndpointOptions<V> => ({
    service: column,
    memoryHit: column.memoryHit,
    callers,
    models: models.filter((model) => endpointOf(model) === name),
    granularityOf: caches.granularities.of,
    scopeOf: caches.scopeOf,
    maxWaitMs: config.maxWaitMs,
    maxBodyBytes: config.maxBodyBytes,
    budget,
  });
  const endpoints = {
    '/v1/rerank': endpoint(RERANK_API, handling(rerank, 'rerank')),
    '/v1/embeddings': endpoint(EMBEDDINGS_API, handling(embeddings, 'embeddings')),
  };
  const front = new Front({
    identify,
    endpoints,
    // What an answer says may depend on the page that asks (https://fetch.spec.whatwg.org/#cors-protocol-and-http-caches).
    fields: config.corsOrigins.length > 0 ? ['Vary', 'Origin'] : [],
    quotaOf: quotas.stateOf,
    standing: caches.standing,
    isSample: unseen.pass,
    onHit: (model) => observer.cacheLookup(model, 'memory', 'hit'),
    onRequest: (record) => onRequest(record),
    maxBytes: frontBytes(memoryBytes),
  });
  const readiness = readinessOf({ redis, pacers, draining });
  const exposition = createExposition({
    dyno: config.dyno,
    prefix,
    metrics,
    states: statesOf({ models, callers, budget, caches, front, pacers, redis, keys, linesDropped }),
    redis: redis?.cache,
  });
  const recent = new Recent();
  const live = new Live(
    sourcesOf({ version, config, models, pacers, quotas, caches, recorder, exposition, redis, readiness }),
  );

  const onRequest = (record: RequestRecord): void => {
    recorder.request(record);
    recent.note(record);
    exposition.serving();
    logRequest(log, record);
  };
  const app = createApp({
    identify,
    models,
    endpoints,
    stateOf: (model) => pacers.stateOf(model),
    regions: regionsOf(upstreams.map(({ url }) => url)),
    corsOrigins: config.corsOrigins,
    purge: caches.purge,
    ...accessNotices(log),
    quotaOf: quotas.stateOf,
    metrics: {
      render: () => exposition.render(),
      contentType: metrics.registry.contentType,
      token: config.metricsToken,
      open: !config.production,
    },
    readiness,
    console: { live, recent, open: config.clients.length === 0 },
    description: { version, models, limits: config },
    onRequest,
  });

  return {
    app,
    front,
    callers,
    onRequest,
    endStreams: () => live.end(),
    async close() {
      const onFailure = (error: unknown): void => log.warn({ cause: framesOf(error) }, 'not closed');
      // First the parts that still send commands to Redis.
      await settle([() => exposition.stop(), () => pacers.close()], CLOSING_MS, onFailure);
      await settle(
        [() => caches.stop(), () => redis?.close(), () => upstream.close(), () => closeSimulator()],
        CLOSING_MS,
        onFailure,
      );
    },
  };
};
