/** The connections to Redis, one for each way of using it, and what is known of Redis by them. */

import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { framesOf } from '../calls/frames.ts';
import { connectRedis, type RedisClientOptions, readyWithin } from './client.ts';
import { BEAT, Commands, type OnCommand } from './commands.ts';
import { COMMAND, CONNECTING, Health } from './health.ts';

/**
 * A connection each: a large value on its way to the cache must not hold up the pacer's decisions, and one that listens
 * can do nothing else.
 */
export interface Connections {
  readonly cache: Commands;
  readonly pacing: Commands;
  readonly subscriber: Redis;
  readonly health: Health;
  close(): void;
}

export interface ConnectionsOptions {
  /** Of Redis, as configured; undefined: there is none. */
  readonly url: string | undefined;
  readonly log: Logger;
  readonly onCommand: OnCommand;
  /** Told of every attempt to connect. */
  readonly onConnect: (connection: string) => void;
}

/** A look-up takes well under a millisecond; this much more on a call is what a caller may notice. Milliseconds. */
const CACHE_TIMEOUT_MS = 250;

/** Losing sight of the shared window costs more than a wait. Milliseconds. */
const PACING_TIMEOUT_MS = 1000;

/** Processes that come back together agree on the window soonest. Milliseconds. */
const PACING_RECONNECT_MS = 250;

/** How long a start waits for Redis, milliseconds. */
const READY_MS = 1000;

const TICK_MS = 250;

/** Resolves when they are ready, or after a second if Redis is away; undefined where none is configured. */
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
  // One that only listens is never told that it has stayed behind at the old primary.
  const onReplace = (): void => subscriber.disconnect(true);
  const cache = open('cache', { commandTimeoutMs: CACHE_TIMEOUT_MS, onReplace });
  const pacing = open('pacing', { commandTimeoutMs: PACING_TIMEOUT_MS, reconnectMs: PACING_RECONNECT_MS });

  /** Commands that stumble over a mistake of ours, until they work again. */
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
  // A window that is asked before Redis is there would go on alone, for longer than Redis takes to connect; and scores
  // that a purge has left behind would be found by a process that has not heard of it.
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
