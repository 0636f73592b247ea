/** The connections to Redis, one for each use, and the state of Redis as they see it. */

import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { framesOf } from '../calls/frames.ts';
import { connectRedis, type RedisClientOptions, readyWithin } from './client.ts';
import { BEAT, Commands, type OnCommand } from './commands.ts';
import { COMMAND, CONNECTING, Health } from './health.ts';

/**
 * One connection each: a large value on its way to the cache must not delay the pacer's decisions, and a connection that
 * subscribes can do nothing else.
 */
export interface Connections {
  readonly cache: Commands;
  readonly pacing: Commands;
  readonly subscriber: Redis;
  readonly health: Health;
  close(): void;
}

export interface ConnectionsOptions {
  /** Redis' URL; undefined: none is configured. */
  readonly url: string | undefined;
  readonly log: Logger;
  readonly onCommand: OnCommand;
  /** Called for every attempt to connect. */
  readonly onConnect: (connection: string) => void;
}

/** A look-up takes well under a millisecond; a caller would notice a longer delay than this. Milliseconds. */
const CACHE_TIMEOUT_MS = 250;

/** Longer, since losing sight of the shared window costs more than a wait. Milliseconds. */
const PACING_TIMEOUT_MS = 1000;

/** Short, since processes that reconnect at the same time agree on the window soonest. Milliseconds. */
const PACING_RECONNECT_MS = 250;

/** How long a start waits for Redis, milliseconds. */
const READY_MS = 1000;

const TICK_MS = 250;

/** Resolves when the connections are ready, or after a second if Redis is away; undefined if none is configured. */
export const connect = async (options: ConnectionsOptions): Promise<Connections | undefined> => {
  const { url, log, onCommand, onConnect } = options;
  if (url === undefined) return undefined;
  const health = new Health({
    onChange: (state, failure) => log.warn({ state, ...(failure && { code: failure.code }) }, 'redis'),
  });
  const commands = new Map<string, Commands>();
  const open = (name: string, more: Omit<RedisClientOptions, 'onError'>): Redis => {
    health.note(name, CONNECTING);
    return connectRedis(url, {
      ...more,
      onError: (failure) => health.note(name, failure),
      onAnswer() {
        commands.get(name)?.answered();
        health.note(name, undefined);
      },
      onConnect: () => onConnect(name),
    });
  };
  const subscriber = open('subscriber', { commandTimeoutMs: PACING_TIMEOUT_MS });
  // A connection that only subscribes gets no error that says it is still at the old primary.
  const onReplace = (): void => subscriber.disconnect(true);
  const cache = open('cache', { commandTimeoutMs: CACHE_TIMEOUT_MS, onReplace });
  const pacing = open('pacing', { commandTimeoutMs: PACING_TIMEOUT_MS, reconnectMs: PACING_RECONNECT_MS });

  /** Commands that fail because of a bug of ours, until they work again. */
  const mistaken = new Set<string>();
  const commandsOf = (name: string, client: Redis): Commands => {
    const one = new Commands({
      client,
      onCommand(op, failure, ms) {
        onCommand(op, failure, ms);
        health.note(`${COMMAND}${op}`, failure);
        if (failure === undefined) mistaken.delete(op);
        if (failure === undefined && op === BEAT) health.proved();
        if (failure?.kind !== 'bug' || mistaken.has(op)) return;
        mistaken.add(op);
        log.error({ op, cause: framesOf(failure.error) ?? failure.code }, 'redis command failed');
      },
    });
    commands.set(name, one);
    return one;
  };
  const ticking = setInterval(() => health.tick(), TICK_MS).unref();

  const all = [cache, subscriber, pacing];
  // A window used before Redis is connected would go on alone, for longer than connecting takes; and a process that has
  // missed a purge would still find the purged scores.
  await Promise.all(all.map((connection) => readyWithin(connection, READY_MS)));
  return {
    cache: commandsOf('cache', cache),
    pacing: commandsOf('pacing', pacing),
    subscriber,
    health,
    close() {
      clearInterval(ticking);
      for (const connection of all) connection.disconnect();
    },
  };
};
