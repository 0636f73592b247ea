/** The text of `/metrics`: of the whole fleet if processes share a Redis, otherwise of this process. */

import type { Commands } from '../redis/commands.ts';
import { familiesOf, type OfDyno } from './families.ts';
import { FleetMetrics } from './fleet.ts';
import { gauges } from './gauges.ts';
import type { Metrics } from './registry.ts';
import type { States } from './states.ts';

export interface Exposition {
  render(): Promise<string>;
  /** What the text says, by dyno. */
  families(): Promise<readonly OfDyno[]>;
  /** To be called when a request was served. */
  serving(): void;
  /** Publishes the last counts. */
  stop(): Promise<void>;
}

export interface ExpositionOptions {
  /** This process's name among those of the fleet. */
  readonly dyno: string;
  /** Before every key in Redis. */
  readonly prefix: string;
  readonly metrics: Metrics;
  readonly states: States;
  /** May be the cache's connection: some of Heroku's plans allow only 20. */
  readonly redis: Commands | undefined;
}

export const createExposition = (options: ExpositionOptions): Exposition => {
  const { dyno, prefix, metrics, states, redis } = options;
  const registry = gauges(metrics, states);
  if (redis === undefined) {
    return {
      render: () => registry().metrics(),
      families: async () => [{ dyno, families: await familiesOf(registry()) }],
      serving() {},
      async stop() {},
    };
  }
  return new FleetMetrics({
    commands: redis,
    prefix,
    dyno,
    own: () => familiesOf(registry()),
    onSkipped: (count) => metrics.snapshotsSkipped.inc(count),
  });
};
