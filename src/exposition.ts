/** What `/metrics` answers: for the whole fleet where processes share a Redis, else for this one. */

import type { Redis } from 'ioredis';
import type { Config } from './config.ts';
import { FleetMetrics } from './metrics/fleet.ts';
import { gauges, type States } from './metrics/gauges.ts';
import type { Recorder } from './metrics/recorder.ts';
import type { Metrics } from './metrics/registry.ts';

export interface Exposition {
  render(): Promise<string>;
  /** A request was served. */
  serving(): void;
  /** Leaves the last counts. */
  stop(): Promise<void>;
}

export interface ExpositionOptions {
  readonly config: Config;
  readonly metrics: Metrics;
  readonly recorder: Recorder;
  readonly states: States;
  /** The cache's connection will do: a plan of Heroku's allows as few as 20. */
  readonly redis: Redis | undefined;
  /** Told when Redis does not answer. */
  readonly onSilence: () => void;
}

export const createExposition = (options: ExpositionOptions): Exposition => {
  const { config, metrics, recorder, states, redis, onSilence } = options;
  const own = gauges(metrics, states);
  if (redis === undefined || config.redis === undefined) {
    return { render: own, serving() {}, async stop() {} };
  }
  return new FleetMetrics({
    client: redis,
    prefix: config.redis.prefix,
    dyno: config.dyno,
    own,
    onCommand: (op, ok, ms) => recorder.redisCommand(op, ok, ms),
    onSilence,
    onUnreadable: (count) => metrics.snapshotsSkipped.inc(count),
  });
};
