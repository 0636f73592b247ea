/** Everything the benches measure, running: two gateways, their Redis, their upstream, and the yardstick. */

import { fileURLToPath } from 'node:url';
import { buildGateway, PRODUCTION_FLAGS } from '../support/build.ts';
import { startRedis } from '../support/redis.ts';
import { type Server, startServer } from './child.ts';
import { hasNginx, startNginx } from './nginx.ts';
import { MODEL } from './requests.ts';
import { buildRevision } from './revision.ts';

export const GATEWAY_KEY = 'bench-gateway-key-0001';
export const UPSTREAM_KEY = 'bench-upstream-key-001';

/** So many calls in so short a window that no call ever waits for its slot. */
const LIMIT = '1000000';
const WINDOW_MS = '100';

export const DIGESTS = ['SHA-256', 'GMAC', 'none'] as const;
export type Digest = (typeof DIGESTS)[number];

/** Two processes of one revision of the gateway. */
export interface Pair {
  /** Of the revision; empty for the working tree. */
  readonly name: string;
  /** With every tier. */
  readonly gateway: Server;
  /** Shares the Redis of the other, and keeps nothing in its own memory. */
  readonly forgetful: Server;
}

export interface Stage {
  /** Bare servers that answer, by the digest that they make of a body. */
  readonly bare: Readonly<Record<Digest, Server>>;
  readonly simulator: Server;
  /** Other caching servers in front of the simulator, by name, which know the very same bytes again. */
  readonly peers: Readonly<Record<string, Server>>;
  /** The gateway of this working tree, and of another revision, where one is to be compared. */
  readonly gateways: readonly Pair[];
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
  // As on Heroku, whose log stamps lines itself.
  DYNO: 'web.1',
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

/** @param compare a revision to build and start, too */
export const startStage = async (compare?: string): Promise<Stage> => {
  const builds = [{ name: '', main: buildGateway() }];
  if (compare !== undefined) builds.push({ name: compare, main: buildRevision(compare) });
  const stops: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const end of stops.splice(0).reverse()) await end();
  };
  const started = async (starting: Promise<Server>): Promise<Server> => {
    const server = await starting;
    stops.push(server.stop);
    return server;
  };
  const startPair = async (name: string, main: string): Promise<Pair> => {
    const redis = await startRedis();
    stops.push(redis.stop);
    const environment = gatewayEnvironment(simulator.url, redis.url);
    const [gateway, forgetful] = await Promise.all([
      started(startServer([...PRODUCTION_FLAGS, main], environment)),
      started(
        startServer([...PRODUCTION_FLAGS, main], { ...environment, DYNO: 'web.2', CACHE_MEMORY_MB: '0' }),
      ),
    ]);
    return { name, gateway, forgetful };
  };

  let simulator: Server;
  try {
    simulator = await started(startUpstream());
    const bare: Partial<Record<Digest, Server>> = {};
    for (const DIGEST of DIGESTS) {
      bare[DIGEST] = await started(startServer(typescript('yardstick.ts'), { DIGEST }));
    }
    const peers: Record<string, Server> = {
      'easy version': await started(
        startServer(typescript('easy.ts'), {
          GATEWAY_KEY,
          RERANK_URL: simulator.url,
          RERANK_KEY: UPSTREAM_KEY,
        }),
      ),
    };
    if (hasNginx()) {
      peers['nginx, Lua SHA-256'] = await started(
        startNginx({ gatewayKey: GATEWAY_KEY, url: simulator.url, key: UPSTREAM_KEY }),
      );
    }
    const gateways: Pair[] = [];
    for (const { name, main } of builds) gateways.push(await startPair(name, main));
    return { bare: bare as Record<Digest, Server>, simulator, peers, gateways, stop };
  } catch (thrown) {
    await stop();
    throw thrown;
  }
};
