/** The facts in a gateway's first line of the log: what runs, for whom, and what is closed. No secret, no upstream's address. */

import { endpointOf } from '../calls/served.ts';
import { redisServer } from '../redis/url.ts';
import type { Config } from './types.ts';

export interface Announcement {
  readonly version: string;
  readonly mode: 'production' | 'development';
  readonly attachments: readonly string[] | string;
  /** Calls per window that one attachment allows, by model; and tokens, of those that have such a limit. */
  readonly models: Config['modelLimits'];
  readonly tokens?: Config['modelTokens'];
  readonly services: readonly string[] | string;
  /** Host and port. */
  readonly redis: string;
  /** What nobody can use with this configuration, and why. */
  readonly closed: readonly string[];
  /** In development: a command that gets a first answer. */
  readonly try?: string;
}

/** @param port where it listens, which PORT=0 leaves to the system */
export const announcement = (config: Config, version: string, port: number): Announcement => {
  const { production, upstreams, clients, redis } = config;
  return {
    version,
    mode: production ? 'production' : 'development',
    attachments: upstreams.length === 0 ? 'the built-in simulator' : upstreams.map(({ alias }) => alias),
    models: config.modelLimits,
    ...(Object.keys(config.modelTokens).length > 0 ? { tokens: config.modelTokens } : {}),
    services: clients.length === 0 ? 'open to everybody' : clients.map(({ name }) => name),
    redis: redis ? hostOf(redis.url) : 'none: each process has a cache, limits and quotas of its own',
    closed: closed(config),
    ...(production ? {} : { try: firstRequest(config, port) }),
  };
};

const hostOf = (url: string): string => {
  const { host, port } = redisServer(url);
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
};

const closed = ({ production, metricsToken, clients, corsOrigins }: Config): string[] => [
  ...(production && metricsToken === undefined ? ['/metrics: METRICS_TOKEN is not set'] : []),
  ...(clients.length > 0 && !clients.some(({ admin }) => admin)
    ? ['DELETE /v1/cache: no service in GATEWAY_KEYS is marked admin']
    : []),
  ...(corsOrigins.length === 0 ? ['calls from pages in browsers: CORS_ORIGINS is not set'] : []),
];

const firstRequest = ({ clients, modelLimits }: Config, port: number): string => {
  const models = Object.keys(modelLimits);
  const reranker = models.find((model) => endpointOf(model) === 'rerank');
  const key = clients.length > 0 ? " -H 'Authorization: Bearer KEY'" : '';
  const documents = ['Heat conduction in slabs.', 'The lift of a wing.'];
  const [path, body] =
    reranker === undefined
      ? ['embeddings', { model: models[0], input: documents }]
      : ['rerank', { model: reranker, query: 'lift', documents }];
  return `curl -s localhost:${port}/v1/${path}${key} -d '${JSON.stringify(body)}'`;
};
