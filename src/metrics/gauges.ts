/** Gauges that show a state: they are set at each scrape, not at each change. */

import type { Registry } from 'prom-client';
import { REDIS_STATES } from '../redis/health.ts';
import type { Metrics } from './registry.ts';
import type { States } from './states.ts';

/** Returns a function that sets all these gauges, and counters, and returns the registry. */
export const gauges = (metrics: Metrics, states: States): (() => Registry) => {
  let dropped = 0;
  const read = (): void => {
    metrics.requestsInFlight.set(states.inFlight());
    metrics.bufferedBytes.set(states.bufferedBytes());
    metrics.cacheBytes.set(states.cacheBytes());
    metrics.cacheEntries.set(states.cacheEntries());
    metrics.cacheGranularity.reset();
    for (const { model, granularity, dependent } of states.granularities()) {
      metrics.cacheGranularity.set({ model, granularity }, 1);
      metrics.scoresDependent.set({ model }, dependent ? 1 : 0);
    }
    for (const { model, waiting } of states.queues()) metrics.queueDepth.set({ model }, waiting);
    for (const { limit, used, tokens, alone, ...labels } of states.windows()) {
      metrics.ratelimitLimit.set(labels, limit);
      metrics.ratelimitUsed.set(labels, used);
      if (tokens) {
        metrics.ratelimitLimitTokens.set(labels, tokens.limit);
        metrics.ratelimitUsedTokens.set(labels, tokens.used);
      }
      metrics.pacingAlone.set(labels, alone ? 1 : 0);
    }
    for (const { upstream, open } of states.circuits()) metrics.circuitOpen.set({ upstream }, open ? 1 : 0);
    for (const { client, key, usedAt } of states.keys()) {
      const seconds = usedAt === undefined ? 0 : Math.round((Date.now() - performance.now() + usedAt) / 1000);
      metrics.keyLastUsed.set({ client, key: String(key) }, seconds);
    }
    metrics.logLinesDropped.inc(states.linesDropped() - dropped);
    dropped = states.linesDropped();
    const redis = states.redis();
    if (redis) metrics.redisUp.set(redis.up ? 1 : 0);
    else metrics.redisUp.remove();
    for (const state of redis ? REDIS_STATES : [])
      metrics.redisState.set({ state }, state === redis?.state ? 1 : 0);
  };
  return () => {
    read();
    return metrics.registry;
  };
};
