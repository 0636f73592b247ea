/** The processes of a stack, each started after those that it needs. */

import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startOwn } from '../replay/target/own.ts';
import { ProcessGroup } from '../replay/target/process-group.ts';
import type { Target } from '../replay/target/target.ts';
import type { Programs } from './program.ts';
import { startPrometheus } from './prometheus.ts';
import { startRedis } from './redis.ts';

export interface FleetOptions {
  readonly programs: Programs;
  readonly clients: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Called with each error line of the gateways' logs. */
  readonly onError: (line: string) => void;
}

export interface Fleet {
  /** The gateways. */
  readonly target: Target;
  readonly prometheusUrl: string;
  readonly metricsToken: string;
  /** Resolves with a description when a process ends unexpectedly. */
  readonly died: Promise<string>;
  /** Ends all processes, and removes their files. */
  stop(): Promise<void>;
}

const GATEWAYS = 2;

export const startFleet = async ({ programs, clients, env, onError }: FleetOptions): Promise<Fleet> => {
  const folder = await mkdtemp(join(tmpdir(), 'rerank-stack-'));
  const metricsToken = randomBytes(24).toString('base64url');
  const group = new ProcessGroup();
  const ends: (() => Promise<void>)[] = [
    () => rm(folder, { recursive: true, force: true }),
    () => group.stop(),
  ];
  const stop = async (): Promise<void> => {
    for (const end of ends.splice(0).reverse()) await end();
  };
  try {
    const redisUrl = await startRedis({
      command: programs['redis-server'],
      folder,
      onStart: (child) => group.add('Redis', child),
    });
    const target = await startOwn({
      clients,
      speed: 1,
      processes: GATEWAYS,
      redisUrl,
      pointwise: false,
      metricsToken,
      remember: false,
      env,
      onError,
    });
    ends.push(() => target.stop());
    const monitoring = new ProcessGroup();
    ends.push(() => monitoring.stop());
    const prometheusUrl = await startPrometheus({
      command: programs.prometheus,
      folder,
      gatewayUrl: target.urls[0]!,
      metricsToken,
      onStart: (child) => monitoring.add('Prometheus', child),
    });
    const died = Promise.race([group.died, target.died, monitoring.died]);
    return { target, prometheusUrl, metricsToken, died, stop };
  } catch (thrown) {
    await stop();
    throw thrown;
  }
};
