/** Everything the benches measure, running: two gateways, their Redis, their upstream, and the yardstick. */

import { fileURLToPath } from 'node:url';
import { buildGateway, PRODUCTION_FLAGS } from '../support/build.ts';
import { startRedis } from '../support/redis.ts';
import { type Server, startServer } from './child.ts';
import { MODEL } from './requests.ts';

export const GATEWAY_KEY = 'bench-gateway-key-0001';
export const UPSTREAM_KEY = 'bench-upstream-key-001';

/** So many calls in so short a window that no call ever waits for its slot. */
const LIMIT = '1000000';
const WINDOW_MS = '100';

export interface Stage {
  /** A bare server that hashes and answers. */
  readonly yardstick: Server;
  readonly simulator: Server;
  /** With every tier. */
  readonly gateway: Server;
  /** Shares the Redis of the other, and keeps nothing in its own memory. */
  readonly forgetful: Server;
  stop(): Promise<void>;
}

const typescript = (file: string): string[] => [
  '--import',
  'tsx',
  fileURLToPath(new URL(`./processes/${file}`, import.meta.url)),
];

/** The upstream of every bench: it answers at once, and never says 429. */
export const startUpstream = (): Promise<Server> =>
  startServer(typescript('simulator.ts'), { UPSTREAM_KEY, MODEL, LIMIT, WINDOW_MS });

/** A gateway with every tier, as production has it. */
export const gatewayEnvironment = (simulatorUrl: string, redisUrl: string): Record<string, string> => ({
  NODE_ENV: 'production',
  HOST: '127.0.0.1',
  RERANK_URL: simulatorUrl,
  RERANK_KEY: UPSTREAM_KEY,
  GATEWAY_KEYS: `bench:${GATEWAY_KEY}`,
  REDIS_URL: redisUrl,
  MODEL_LIMITS: `${MODEL}=${LIMIT}`,
  RATE_WINDOW_MS: WINDOW_MS,
  // Cached scores are looked at, not scored again on the side.
  VERIFY_RATE: '0',
});

export const startStage = async (): Promise<Stage> => {
  const main = buildGateway();
  const stops: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const end of stops.reverse()) await end();
  };
  const started = async (starting: Promise<Server>): Promise<Server> => {
    const server = await starting;
    stops.push(server.stop);
    return server;
  };

  try {
    const redis = await startRedis();
    stops.push(redis.stop);
    const [simulator, yardstick] = await Promise.all([
      started(startUpstream()),
      started(startServer(typescript('yardstick.ts'), {})),
    ]);
    const environment = gatewayEnvironment(simulator.url, redis.url);
    const [gateway, forgetful] = await Promise.all([
      started(startServer([...PRODUCTION_FLAGS, main], environment)),
      started(startServer([...PRODUCTION_FLAGS, main], { ...environment, CACHE_MEMORY_MB: '0' })),
    ]);
    return { yardstick, simulator, gateway, forgetful, stop };
  } catch (thrown) {
    await stop();
    throw thrown;
  }
};
