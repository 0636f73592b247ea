/** Puts a gateway together from its configuration, listens, and drains. The only place that knows every room. */

import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import type { Logger } from 'pino';
import { createApp } from './app.ts';
import { attach } from './attach.ts';
import { createCaches } from './caches.ts';
import type { Config } from './config.ts';
import { drain, trackUnused } from './drain.ts';
import { createExposition } from './exposition.ts';
import { Callers } from './http/callers.ts';
import { badRequest } from './http/client-error.ts';
import { DEFAULT_ATTEMPTS } from './layers/retry.ts';
import { upstream } from './layers/upstream.ts';
import { logRequest } from './log.ts';
import { Recorder } from './metrics/recorder.ts';
import { createMetrics } from './metrics/registry.ts';
import { createPacers } from './pacers.ts';
import { createQuotas } from './quotas.ts';
import { connectRedis, heartbeat, readyWithin } from './redis-client.ts';
import { createScorer } from './scorer.ts';

export interface Gateway {
  readonly url: string;
  readonly port: number;
  /** Stops accepting, lets what runs finish, and ends; every call returns the same promise. */
  drain(): Promise<void>;
}

export interface GatewayOptions {
  readonly config: Config;
  readonly log: Logger;
  readonly version: string;
  /** Milliseconds that a drain may last. */
  readonly drainMs?: number;
}

/**
 * Heroku's router keeps its connections for 90 s. Kept longer here, so that it is always the router that closes: a
 * connection closed under a request is an error that its caller sees.
 */
const KEEP_ALIVE_MS = 95_000;

/** A look-up takes well under a millisecond; this much more on a call is what a caller may notice. Milliseconds. */
const CACHE_TIMEOUT_MS = 250;

/** Losing sight of the shared window costs more than a wait. Milliseconds. */
const PACING_TIMEOUT_MS = 1000;

/** Processes that come back together agree on the window soonest. Milliseconds. */
const PACING_RECONNECT_MS = 250;

/** Share of the longest wait after which an attempt is given up: the next one needs some of it, too. */
const ATTEMPT_SHARE = 0.6;

/** Heroku kills a process 30 s after SIGTERM; the contract gives up 5 s before. */
const DRAIN_MS = 25_000;

export const startGateway = async ({
  config,
  log,
  version,
  drainMs = DRAIN_MS,
}: GatewayOptions): Promise<Gateway> => {
  const { upstreams, closeSimulator } = await attach(config, log);
  const models = Object.keys(config.modelLimits);
  const metrics = createMetrics({
    dyno: config.dyno,
    version,
    release: config.release,
    commit: config.commit,
  });
  const recorder = new Recorder({
    metrics,
    clients: config.clients.length > 0 ? config.clients.map(({ name }) => name) : ['default'],
    models,
    attachments: upstreams.map(({ alias }) => alias),
  });

  const connect = (timing: { commandTimeoutMs: number; reconnectMs?: number }) =>
    config.redis &&
    connectRedis(config.redis.url, {
      ...timing,
      onError: (code) => log.warn({ code }, 'redis connection failed'),
    });
  // A connection each: a large value on its way to the cache must not hold up the pacer's decisions, and one that listens
  // can do nothing else.
  const redis = connect({ commandTimeoutMs: CACHE_TIMEOUT_MS });
  const subscriber = connect({ commandTimeoutMs: PACING_TIMEOUT_MS });
  const pacingRedis = connect({ commandTimeoutMs: PACING_TIMEOUT_MS, reconnectMs: PACING_RECONNECT_MS });
  // A window that is asked before Redis is there would go on alone, for longer than Redis takes to connect.
  if (pacingRedis) await readyWithin(pacingRedis, PACING_TIMEOUT_MS);
  const caches = createCaches({
    config,
    redis: redis && subscriber && { client: redis, subscriber },
    simulated: config.upstreams.length === 0,
    onDrift: (model, difference) =>
      log.error(
        { model, difference },
        'scores depend on more than their pair: reused for the same documents only',
      ),
    onCommand: (op, ok, ms) => recorder.redisCommand(op, ok, ms),
  });
  if (redis) {
    // Or a process that starts would find scores in Redis that a purge has left behind.
    await readyWithin(redis, PACING_TIMEOUT_MS);
    await caches.beat().catch(() => {});
  }
  const pulse = redis && heartbeat(redis, () => caches.beat());
  const pacers = createPacers({
    config,
    upstreams,
    redis: pacingRedis,
    onChange: (window, state) => log.warn({ window, state }, 'pacing'),
    onCircuit: (upstream, model, reason) =>
      reason
        ? log.error({ upstream, model, reason }, 'upstream is left alone')
        : log.warn({ upstream, model }, 'upstream is back'),
  });
  const quotas = createQuotas({
    config,
    redis: pacingRedis,
    onCommand: (op, ok, ms) => recorder.redisCommand(op, ok, ms),
  });
  const calls = upstream({ attachments: upstreams, timeoutMs: config.maxWaitMs });
  const callers = new Callers();
  let draining = false;

  const scorer = createScorer({
    memory: caches.memory,
    redis: caches.pairs,
    lifetime: config.cache,
    verifyRate: config.verifyRate,
    spare: (model) => hasRoomToSpare(pacers.stateOf(model)),
    maxWaitMs: config.maxWaitMs,
    quotas,
    slots: (model) => pacers.of(model),
    // Enough to come to the one attachment that is well.
    attempts: Math.max(DEFAULT_ATTEMPTS, upstreams.length),
    attemptMs: ATTEMPT_SHARE * config.maxWaitMs,
    upstream: calls,
    observer: {
      cacheLookup: (model, tier, result) => recorder.cacheLookup(model, tier, result),
      merged: (model) => recorder.merged(model),
      verified(model, difference) {
        recorder.verified(model, difference);
        caches.granularities.verified(model, difference);
      },
      queueWait: (model, ms, reason) => recorder.queueWait(model, ms, reason),
      retry: (model, reason) => recorder.retry(model, reason),
      upstreamCall: (call) => recorder.upstreamCall(call),
    },
  });

  const redisState = () => pulse && (pulse.up ? 'up' : 'down');
  const exposition = createExposition({
    config,
    metrics,
    recorder,
    states: {
      inFlight: () => callers.size,
      cacheBytes: () => caches.memory.bytes,
      cacheEntries: () => caches.memory.entries,
      granularities: () => models.map((model) => ({ model, granularity: caches.granularities.of(model) })),
      queues: () => models.map((model) => ({ model, waiting: pacers.of(model).waiting })),
      windows: () => pacers.windows(),
      circuits: () => pacers.circuits(),
      redis: redisState,
    },
    redis,
    onSilence: () => pulse?.doubt(),
  });

  const app = createApp({
    auth: { clients: config.clients },
    rerank: {
      scorer,
      callers,
      models,
      granularityOf: caches.granularities.of,
      scopeOf: caches.scopeOf,
      maxWaitMs: config.maxWaitMs,
      maxBodyBytes: config.maxBodyBytes,
    },
    models: (model) => pacers.stateOf(model),
    purge: caches.purge,
    quotaOf: quotas.stateOf,
    metrics: {
      render: () => exposition.render(),
      contentType: metrics.registry.contentType,
      token: config.metricsToken,
      open: !config.production,
    },
    readiness: () => ({ draining, redis: redisState() }),
    onRequest: (record) => {
      recorder.request(record);
      exposition.serving();
      logRequest(log, record);
    },
  });

  const server = createAdaptorServer({ fetch: app.fetch }) as Server;
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  server.headersTimeout = KEEP_ALIVE_MS + 1000;
  server.on('clientError', badRequest);
  const closeUnused = trackUnused(server);
  const { port } = await listen(server, config);
  log.info({ port, models, redis: redis !== undefined }, 'listening');

  let drained: Promise<void> | undefined;
  return {
    url: `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${port}`,
    port,
    drain() {
      draining = true;
      drained ??= drain({ server, callers, closeUnused, budgetMs: drainMs }).then(async () => {
        await exposition.stop();
        pulse?.stop();
        caches.stop();
        await pacers.close();
        for (const connection of [redis, subscriber, pacingRedis]) connection?.disconnect();
        await calls.close();
        await closeSimulator();
      });
      return drained;
    },
  };
};

/** Share of a window that must be free, besides nobody waiting, before it is spent on what nobody waits for. */
const SPARE_SHARE = 0.5;

const hasRoomToSpare = ({
  limit,
  remaining,
  waiting,
}: {
  limit: number;
  remaining: number;
  waiting: number;
}): boolean => waiting === 0 && remaining >= SPARE_SHARE * limit;

const listen = (server: Server, { host, port }: Config): Promise<AddressInfo> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve(server.address() as AddressInfo);
    });
  });
