/** What `/metrics` answers: for the whole fleet where processes share a Redis, else for this one. */

import type { Commands } from '../redis/commands.ts';
import { familiesOf } from './families.ts';
import { FleetMetrics } from './fleet.ts';
import { gauges, type States } from './gauges.ts';
import type { Metrics } from './registry.ts';

export interface Exposition {
  render(): Promise<string>;
  /** A request was served. */
  serving(): void;
  /** Leaves the last counts. */
  stop(): Promise<void>;
}

export interface ExpositionOptions {
  /** This process's name among those of the fleet. */
  readonly dyno: string;
  /** Before every key in Redis. */
  readonly prefix: string;
  readonly metrics: Metrics;
  readonly states: States;
  /** The cache's connection will do: a plan of Heroku's allows as few as 20. */
  readonly redis: Commands | undefined;
}

export const createExposition = (options: ExpositionOptions): Exposition => {
  const { dyno, prefix, metrics, states, redis } = options;
  const registry = gauges(metrics, states);
  if (redis === undefined) {
    return { render: () => registry().metrics(), serving() {}, async stop() {} };
  }
  return new FleetMetrics({
    commands: redis,
    prefix,
    dyno,
    own: () => familiesOf(registry()),
    onSkipped: (count) => metrics.snapshotsSkipped.inc(count),
  });
};
