/** A fleet under test: a simulator that judges, a Redis to break, and gateways as processes. */

import { type Simulator, type SimulatorOptions, startSimulator } from '../../src/simulator/server.ts';
import { type GatewayProcess, startProcess } from './fleet.ts';
import { COHERE, KEYS, UPSTREAM_KEY } from './gateway.ts';
import { startRedis, type TestRedis } from './redis.ts';

export interface FleetBed {
  readonly simulator: Simulator;
  readonly redis: TestRedis;
  readonly gateways: GatewayProcess[];
  readonly urls: () => string[];
  /** Another gateway with the same environment; not yet among `gateways`. */
  another(dyno: string): Promise<GatewayProcess>;
  stop(): Promise<void>;
}

export interface FleetBedOptions {
  readonly processes: number;
  readonly limit: number;
  readonly windowMs: number;
  readonly latencyMs: readonly [number, number];
  readonly simulator?: Partial<SimulatorOptions>;
  readonly env?: Readonly<Record<string, string>>;
}

export const startFleetBed = async (options: FleetBedOptions): Promise<FleetBed> => {
  const { processes, limit, windowMs, latencyMs } = options;
  const redis = await startRedis();
  const simulator = await startSimulator({
    keys: { [UPSTREAM_KEY]: {} },
    limits: { [COHERE]: limit },
    windowMs,
    latencyMs,
    ...options.simulator,
  });
  const another = (dyno: string): Promise<GatewayProcess> =>
    startProcess({
      RERANK_URL: simulator.url,
      RERANK_KEY: UPSTREAM_KEY,
      GATEWAY_KEYS: Object.entries(KEYS)
        .map(([name, key]) => `${name}:${key}`)
        .join(','),
      REDIS_URL: redis.url,
      RATE_WINDOW_MS: String(windowMs),
      MODEL_LIMITS: `${COHERE}=${limit}`,
      DYNO: dyno,
      ...options.env,
    });
  const gateways = await Promise.all(Array.from({ length: processes }, (_, i) => another(`web.${i + 1}`)));
  return {
    simulator,
    redis,
    gateways,
    urls: () => gateways.map(({ url }) => url),
    another,
    async stop() {
      await Promise.all(gateways.map((gateway) => gateway.stop()));
      await simulator.close();
      await redis.stop();
    },
  };
};

/** How many of the calls a simulator saw it had to refuse. */
export const throttled = ({ calls }: Simulator): number =>
  calls.filter(({ status }) => status === 429).length;
