/** A simulator and gateways in front of it, started for one replay and scaled to its speed. */

import { randomBytes } from 'node:crypto';
import { createExpected, LIMITS, LISTWISE } from '../expected.ts';
import { chosenGranularity, granularities } from '../granularity.ts';
import { windowMs } from '../options.ts';
import { usageOf } from '../spending.ts';
import { startGatewayProcess } from './gateway-process.ts';
import { ProcessGroup } from './process-group.ts';
import { forget } from './redis-cleanup.ts';
import { startSimulatorProcess } from './simulator-process.ts';
import type { Target } from './target.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export interface OwnOptions {
  readonly clients: readonly string[];
  readonly speed: number;
  readonly processes: number;
  readonly redisUrl: string | undefined;
  /** All models of the simulator score pairs, independent of the companion documents. */
  readonly pointwise: boolean;
  /** The token for the gateways' metrics. */
  readonly metricsToken?: string;
  /** Whether the simulator keeps its calls, from which usage is computed. Default true; false for an endless run. */
  readonly remember?: boolean;
  /** The caller's environment, of which only some variables are passed to the processes. */
  readonly env: Environment;
  /** Called with each error line of the gateways' logs. */
  readonly onError: (line: string) => void;
}

/** The latency of rerank calls in production, milliseconds. */
const LATENCY_MS = [80, 240] as const;

/** Variables that change how a gateway caches and waits, but not its connections. */
const TUNING = /^(CACHE_(TTL_SECONDS|STALE_SECONDS|MEMORY_MB|SCOPE)|VERIFY_RATE|MAX_WAIT_MS|MAX_QUEUE)$/;
const SYSTEM = /^(PATH|HOME|TMPDIR|NODE_OPTIONS|NODE_EXTRA_CA_CERTS)$/;

const secret = (): string => randomBytes(24).toString('base64url');

export const startOwn = async (options: OwnOptions): Promise<Target> => {
  const { speed, processes, redisUrl, pointwise, metricsToken, remember = true, onError } = options;
  const listwise = pointwise ? [] : LISTWISE;
  const granularity = chosenGranularity(options.env.CACHE_GRANULARITY, pointwise);
  const upstreamKey = secret();
  const keys = new Map(options.clients.map((client) => [client, secret()]));
  const prefix = `replay-${randomBytes(6).toString('hex')}:`;
  const group = new ProcessGroup();
  const stop = async (): Promise<void> => {
    await group.stop();
    if (redisUrl !== undefined) await forget(redisUrl, prefix);
  };

  try {
    const system = pick(options.env, SYSTEM);
    const simulator = await startSimulatorProcess(
      { ...simulation(upstreamKey, speed, listwise), remember },
      system,
      (child) => group.add('the simulator', child),
    );
    const env = {
      ...system,
      // The cost of a trace is only that of its callers' requests.
      VERIFY_RATE: '0',
      ...pick(options.env, TUNING),
      ...(granularity === undefined ? {} : { CACHE_GRANULARITY: granularity }),
      NODE_ENV: 'production',
      RERANK_URL: simulator.url,
      RERANK_KEY: upstreamKey,
      RATE_WINDOW_MS: String(windowMs(speed)),
      GATEWAY_KEYS: [...keys].map(([client, key]) => `${client}:${key}`).join(','),
      ...(redisUrl === undefined ? {} : { REDIS_URL: redisUrl, REDIS_PREFIX: prefix }),
      ...(metricsToken === undefined ? {} : { METRICS_TOKEN: metricsToken }),
    };
    const urls = await Promise.all(
      Array.from({ length: processes }, (_, i) =>
        startGatewayProcess({
          env: { ...env, DYNO: `web.${i + 1}` },
          onError,
          onStart: (child) => group.add('a gateway', child),
        }),
      ),
    );
    return {
      urls,
      keyOf: (client) => keys.get(client)!,
      own: { expected: createExpected(listwise), granularity: granularities(granularity) },
      usage: async (clientOf) => usageOf(await simulator.calls(), clientOf),
      died: group.died,
      stop,
    };
  } catch (thrown) {
    await stop();
    throw thrown;
  }
};

/**
 * An entry of the gateway's log is held for latency + window. Only if both are scaled do they keep their ratio in
 * production. The gateway's own time for a call, a few milliseconds, can't be scaled: at high speed it is a larger part of
 * the window, so that slightly less of the limit is used than in production.
 */
const simulation = (key: string, speed: number, listwise: readonly string[]) => ({
  keys: { [key]: {} },
  limits: LIMITS,
  listwise,
  windowMs: windowMs(speed),
  latencyMs: [LATENCY_MS[0] / speed, LATENCY_MS[1] / speed] as const,
});

const pick = (env: Environment, names: RegExp): Record<string, string> =>
  Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) =>
      names.test(name) && value !== undefined ? [[name, value] as const] : [],
    ),
  );
