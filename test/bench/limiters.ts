/** Ways to keep several processes within one limit: this gateway's, and those that people write. */

import Bottleneck from 'bottleneck';
import { Redis } from 'ioredis';
import { type Answered, ask } from '../support/load.ts';
import { startServer } from './child.ts';
import { MODEL } from './requests.ts';
import { GATEWAY_KEY, gatewayEnvironment } from './stage.ts';

/** Several processes, or what stands for them, that share one budget of the upstream. */
export interface Limiter {
  /** Sends one request by way of the nth process. Rejects once it is stopped. */
  ask(process: number, query: string, signal: AbortSignal): Promise<Answered>;
  stop(): Promise<void>;
}

export interface Setting {
  readonly processes: number;
  readonly limit: number;
  readonly windowMs: number;
  readonly upstreamUrl: string;
  /** Its own: with it comes a budget. */
  readonly upstreamKey: string;
  readonly redisUrl: string;
}

export type StartLimiter = (setting: Setting) => Promise<Limiter>;

const timesOver = <T>(count: number, one: () => T): T[] => Array.from({ length: count }, one);

/** @param main the compiled gateway */
export const gateways =
  (main: string): StartLimiter =>
  async ({ processes, limit, windowMs, upstreamUrl, upstreamKey, redisUrl }) => {
    const environment = {
      ...gatewayEnvironment(upstreamUrl, redisUrl),
      RERANK_KEY: upstreamKey,
      MODEL_LIMITS: `${MODEL}=${limit}`,
      RATE_WINDOW_MS: String(windowMs),
    };
    const servers = await Promise.all(timesOver(processes, () => startServer([main], environment)));
    return {
      ask: (process, query, signal) =>
        ask(servers[process]!.url, { key: GATEWAY_KEY, model: MODEL, query, signal }),
      stop: async () => void (await Promise.all(servers.map((server) => server.stop()))),
    };
  };

/** One of bottleneck's limiters stands for each process, and its calls go straight to the upstream. */
const bottlenecks =
  (optionsOf: (setting: Setting) => Bottleneck.ConstructorOptions): StartLimiter =>
  async (setting) => {
    const { processes, upstreamUrl, upstreamKey } = setting;
    const limiters = timesOver(processes, () => new Bottleneck(optionsOf(setting)));
    for (const limiter of limiters) {
      limiter.on('error', (error: Error) => process.stderr.write(`bottleneck: ${error.message}\n`));
    }
    await Promise.all(limiters.map((limiter) => limiter.ready()));
    return {
      ask: (process, query, signal) =>
        limiters[process]!.schedule(() =>
          ask(upstreamUrl, { key: upstreamKey, model: MODEL, query, signal }),
        ),
      stop: async () => {
        await Promise.all(limiters.map((limiter) => limiter.stop({ dropWaitingJobs: true })));
        await Promise.all(limiters.map((limiter) => limiter.disconnect(false)));
      },
    };
  };

/** @param id limiters with the same one share what they count */
const clustered = ({ redisUrl }: Setting, id: string): Bottleneck.ConstructorOptions => {
  const { hostname: host, port } = new URL(redisUrl);
  return { id, datastore: 'ioredis', Redis, clientOptions: { host, port: Number(port) } };
};

const reservoirOf = ({ limit, windowMs }: Setting): Bottleneck.ConstructorOptions => ({
  reservoir: limit,
  reservoirRefreshAmount: limit,
  reservoirRefreshInterval: windowMs,
});

export const sharedReservoir = bottlenecks((setting) => ({
  ...clustered(setting, 'reservoir'),
  ...reservoirOf(setting),
}));

export const sharedMinTime = bottlenecks((setting) => ({
  ...clustered(setting, 'min-time'),
  minTime: setting.windowMs / setting.limit,
}));

/** Nobody has told the processes of one another. */
export const ownReservoir = bottlenecks(reservoirOf);
