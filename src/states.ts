/** What can be seen of a gateway: the states of its rooms, as metrics and the console read them. */

import type { Caches } from './cache/caches.ts';
import type { ByteBudget } from './calls/byte-budget.ts';
import type { Config } from './config/config.ts';
import type { Sources } from './console/sources.ts';
import type { Front } from './front/front.ts';
import type { KeyUse } from './http/auth.ts';
import type { Callers } from './http/callers.ts';
import type { Exposition } from './metrics/exposition.ts';
import type { States } from './metrics/gauges.ts';
import type { Recorder } from './metrics/recorder.ts';
import type { Pacers } from './pacing/pacers.ts';
import type { ClientQuotas } from './quota/quotas.ts';
import type { Connections } from './redis/connections.ts';

export interface Rooms {
  readonly config: Config;
  readonly callers: Callers;
  readonly budget: ByteBudget;
  readonly caches: Caches;
  readonly front: Front;
  readonly pacers: Pacers;
  readonly quotas: ClientQuotas;
  readonly recorder: Recorder;
  /** Undefined: this process is alone. */
  readonly redis: Connections | undefined;
  readonly keys: () => KeyUse[];
  /** Dropped log lines since the start. */
  readonly linesDropped: () => number;
  /** Whether the process drains. */
  readonly draining: () => boolean;
}

export const metricStates = (rooms: Rooms): States => {
  const { config, callers, budget, caches, front, pacers, redis } = rooms;
  const models = Object.keys(config.modelLimits);
  return {
    inFlight: () => callers.size,
    bufferedBytes: () => budget.held,
    cacheBytes: () => caches.size().bytes + front.bytes,
    cacheEntries: () => caches.size().entries,
    granularities: caches.granularities.all,
    queues: () => models.map((model) => ({ model, waiting: pacers.of(model).waiting })),
    windows: () => pacers.windows(),
    circuits: () => pacers.circuits(),
    redis: () => redis?.health,
    linesDropped: rooms.linesDropped,
    keys: rooms.keys,
  };
};

/** How well the process is, for `/readyz` and the console. */
export const readinessOf =
  ({ redis, pacers, draining }: Rooms) =>
  () => ({
    draining: draining(),
    redis: redis && (redis.health.up ? ('up' as const) : ('down' as const)),
    alone: pacers.alone !== undefined,
    reason: (redis?.health.failure ?? pacers.alone)?.code,
  });

export const consoleSources = (rooms: Rooms, version: string, exposition: Exposition): Sources => {
  const { config, caches, pacers, quotas, recorder, redis } = rooms;
  const anyone = { name: 'default', weight: 1, rpm: undefined };
  return {
    version,
    dyno: config.dyno,
    models: Object.keys(config.modelLimits),
    services: config.clients.length > 0 ? config.clients : [anyone],
    windowMs: config.rateWindowMs,
    families: () => exposition.families(),
    lanes: () => pacers.views(),
    used: () => pacers.windows(),
    queueOf: (model) => pacers.of(model),
    quotaOf: quotas.stateOf,
    granularities: caches.granularities.all,
    lastFailure: recorder.lastFailure,
    readiness: readinessOf(rooms),
    redis: () => redis?.health,
  };
};
