/** A real gateway on a real port, in front of a real simulator; its log is kept for tests to read. */

import { parseConfig } from '../../src/config/config.ts';
import { createLog } from '../../src/log.ts';
import { type Gateway, startGateway } from '../../src/server.ts';
import { type Simulator, type SimulatorOptions, startSimulator } from '../../src/simulator/server.ts';
import { watch } from './watched.ts';

export const COHERE = 'cohere-rerank-3-5';
export const AMAZON = 'amazon-rerank-1-0';
export const EMBED = 'cohere-embed-multilingual';
export const LIMITS = { [COHERE]: 250, [AMAZON]: 200, [EMBED]: 500 };

/** One key a client, long enough and easy to find where it must not be. */
export const KEYS = {
  search: 'search-key-SECRET-0001',
  chatbot: 'chatbot-key-SECRET-002',
  evaluation: 'evaluation-key-SECRET-3',
};
export const UPSTREAM_KEY = 'upstream-key-SECRET-42';

export interface TestGatewayOptions {
  /** Over the defaults below. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly simulator?: Partial<SimulatorOptions>;
  readonly drainMs?: number;
  /** How long a drain leaves idle connections open; not at all unless told otherwise. */
  readonly idleMs?: number;
}

export interface TestGateway {
  readonly url: string;
  readonly gateway: Gateway;
  readonly simulator: Simulator;
  /** Every log line written so far. */
  readonly log: readonly string[];
  /** Posts a body to `/v1/rerank` as client `search`; a string goes as it is. */
  rerank(body: unknown, init?: { headers?: Record<string, string>; signal?: AbortSignal }): Promise<Response>;
  /** The same to `/v1/embeddings`. */
  embed(body: unknown, init?: { headers?: Record<string, string>; signal?: AbortSignal }): Promise<Response>;
  metrics(): Promise<string>;
  /** Rejects when an answer was not as the API description says. */
  stop(): Promise<void>;
}

export const startTestGateway = async (options: TestGatewayOptions = {}): Promise<TestGateway> => {
  const simulator = await startSimulator({
    keys: { [UPSTREAM_KEY]: {} },
    limits: LIMITS,
    ...options.simulator,
  });
  const result = parseConfig({
    NODE_ENV: 'test',
    HOST: '127.0.0.1',
    PORT: '0',
    RERANK_URL: simulator.url,
    RERANK_KEY: UPSTREAM_KEY,
    GATEWAY_KEYS: Object.entries(KEYS)
      .map(([name, key]) => `${name}:${key}`)
      .join(','),
    ...options.env,
  });
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  const log: string[] = [];
  const gateway = await startGateway({
    config: result.config,
    log: createLog(
      { level: result.config.logLevel, stamped: true, base: {} },
      { write: (line) => void log.push(line) },
    ),
    version: 'test',
    ...(options.drainMs === undefined ? {} : { drainMs: options.drainMs }),
    idleMs: options.idleMs ?? 0,
  });
  const post =
    (path: string): TestGateway['rerank'] =>
    (body, { headers, signal } = {}) =>
      fetch(`${gateway.url}${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${KEYS.search}`, 'content-type': 'application/json', ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
        ...(signal ? { signal } : {}),
      });
  const { modelLimits, maxBodyBytes, maxWaitMs } = result.config;
  const answers = await watch(gateway.url, JSON.stringify([modelLimits, maxBodyBytes, maxWaitMs]));
  return {
    url: gateway.url,
    gateway,
    simulator,
    log,
    rerank: post('/v1/rerank'),
    embed: post('/v1/embeddings'),
    metrics: async () => (await fetch(`${gateway.url}/metrics`)).text(),
    async stop() {
      await gateway.drain();
      await simulator.close();
      answers.stop();
    },
  };
};

/** The value of one series of a Prometheus text; labels in any order, those not named ignored, matches summed. */
export const metric = (text: string, name: string, labels: Readonly<Record<string, string>> = {}): number =>
  text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .filter((line) => Object.entries(labels).every(([key, value]) => line.includes(`${key}="${value}"`)))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
