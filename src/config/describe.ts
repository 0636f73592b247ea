import { redisServer } from '../redis/url.ts';
import { digestOf } from './clients.ts';
import type { Config } from './types.ts';

/** The length shows whether a pasted value was cut off, and nothing about the value. */
const masked = (secret: string): string => `set (${secret.length} characters)`;

/** By which the log tells keys that it refuses. */
const fingerprint = (key: string): string => digestOf(key).replace('sha256:', '').slice(0, 8);

/** A URL without user and password: the user may be as secret as the password. */
function maskedUrl(text: string): string {
  const { tls, host, port, password, database } = redisServer(text);
  const address = host.includes(':') ? `[${host}]` : host;
  return `${tls ? 'rediss' : 'redis'}://${password ? '****@' : ''}${address}:${port}/${database}`;
}

/**
 * The effective configuration for people to read, in check-config.
 * Holds no secret: keys and tokens are described by their length, and a Redis URL has no user or password.
 */
export function describeConfig(config: Config): Record<string, unknown> {
  const { upstreams, clients, redis, metricsToken, production } = config;
  return {
    ...config,
    upstreams:
      upstreams.length === 0
        ? 'the built-in simulator'
        : upstreams.map(({ alias, url, key, modelId }) => ({
            alias,
            url,
            key: masked(key),
            models: modelId ?? 'all',
          })),
    clients:
      clients.length === 0
        ? 'open to everybody'
        : clients.map(({ name, keys, weight, rpm, models, admin }) => ({
            name,
            keys: keys.map((key) => `${masked(key)}, fingerprint ${fingerprint(key)}`),
            weight,
            rpm: rpm ?? 'unlimited',
            models: models ?? 'all',
            admin,
          })),
    redis: redis ? { url: maskedUrl(redis.url), prefix: redis.prefix } : 'none: memory only, one process',
    metricsToken: metricsToken
      ? masked(metricsToken)
      : `unset: /metrics is ${production ? 'closed' : 'open'}`,
  };
}
