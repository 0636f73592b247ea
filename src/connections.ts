/** The connections to Redis, one for each way of using it. */

import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import type { Config } from './config.ts';
import { connectRedis, readyWithin } from './redis-client.ts';

/**
 * A connection each: a large value on its way to the cache must not hold up the pacer's decisions, and one that listens
 * can do nothing else.
 */
export interface Connections {
  readonly cache: Redis;
  readonly subscriber: Redis;
  readonly pacing: Redis;
  close(): void;
}

/** A look-up takes well under a millisecond; this much more on a call is what a caller may notice. Milliseconds. */
const CACHE_TIMEOUT_MS = 250;

/** Losing sight of the shared window costs more than a wait. Milliseconds. */
const PACING_TIMEOUT_MS = 1000;

/** Processes that come back together agree on the window soonest. Milliseconds. */
const PACING_RECONNECT_MS = 250;

/** How long a start waits for Redis, milliseconds. */
const READY_MS = 1000;

/** Resolves when they are ready, or after a second if Redis is away; undefined where none is configured. */
export const connect = async (config: Config, log: Logger): Promise<Connections | undefined> => {
  if (config.redis === undefined) return undefined;
  const { url } = config.redis;
  const onError = (code: string): void => log.warn({ code }, 'redis connection failed');
  const cache = connectRedis(url, { commandTimeoutMs: CACHE_TIMEOUT_MS, onError });
  const subscriber = connectRedis(url, { commandTimeoutMs: PACING_TIMEOUT_MS, onError });
  const pacing = connectRedis(url, {
    commandTimeoutMs: PACING_TIMEOUT_MS,
    reconnectMs: PACING_RECONNECT_MS,
    onError,
  });
  const all = [cache, subscriber, pacing];
  // A window that is asked before Redis is there would go on alone, for longer than Redis takes to connect; and scores
  // that a purge has left behind would be found by a process that has not heard of it.
  await Promise.all(all.map((connection) => readyWithin(connection, READY_MS)));
  return {
    cache,
    subscriber,
    pacing,
    close() {
      for (const connection of all) connection.disconnect();
    },
  };
};
