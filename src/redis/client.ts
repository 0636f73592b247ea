/** The connection to Redis: it fails fast, never queues blindly, and never gives up coming back. */

import { Redis } from 'ioredis';
import { Backoff } from './backoff.ts';
import { type Failure, failureOf } from './failure.ts';
import { redisServer } from './url.ts';

const MAX_RECONNECT_DELAY_MS = 2000;

/**
 * How often each connection is asked whether it answers: one that hangs stays connected for long. And Heroku Key-Value Store
 * cuts a connection after 300 s without a command, and what comes just then is lost; TCP's own keep-alive is none.
 */
const PING_MS = 1000;

/** A peer that has been silent for so long is given up, though the connection may still stand. Milliseconds. */
const SILENT_MS = 5000;

/** How long the other end is waited for to close its end, milliseconds. */
const CLOSING_MS = 250;

export interface RedisClientOptions {
  /** A reply slower than this counts as a failure, milliseconds. */
  readonly commandTimeoutMs: number;
  /** The longest pause between two attempts to connect while nobody answers, milliseconds. */
  readonly reconnectMs?: number;
  /** Told of everything that goes wrong with the connection; of a command only where it concerns all of them. */
  readonly onError: (failure: Failure) => void;
  /** Told whenever it has answered. */
  readonly onAnswer?: () => void;
  /** Told of every attempt to connect. */
  readonly onConnect?: () => void;
  /** Told when it is made anew since it leads to the wrong server. */
  readonly onReplace?: () => void;
  /** How often it is asked whether it answers, milliseconds. Default a second. */
  readonly pingMs?: number;
}

/**
 * Opens the connection in the background. Without one, commands fail at once: waiting in an offline queue would turn a
 * missing helper into a hanging gateway, and resending what may have been executed could do it twice.
 */
export const connectRedis = (url: string, options: RedisClientOptions): Redis => {
  const { commandTimeoutMs, reconnectMs = MAX_RECONNECT_DELAY_MS, pingMs = PING_MS } = options;
  const { onError, onAnswer, onConnect, onReplace } = options;
  const backoff = new Backoff(reconnectMs);
  const failed = (error: unknown): void => {
    const failure = failureOf(error);
    backoff.failed(failure.kind);
    onError(failure);
  };
  const client = new Redis({
    ...addressOf(url),
    commandTimeout: commandTimeoutMs,
    connectTimeout: SILENT_MS,
    socketTimeout: SILENT_MS,
    disconnectTimeout: CLOSING_MS,
    // What was under way when the connection was lost fails at once, and not when its time is over.
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    // Nobody would hear of it if that were refused.
    autoResubscribe: false,
    // A Redis that is still loading is asked, and says so.
    enableReadyCheck: false,
    disableClientInfo: true,
    retryStrategy: () => backoff.pause(),
    // After a failover the old primary may live on as a replica, and the connection with it.
    reconnectOnError(error) {
      const { kind } = failureOf(error);
      if (kind !== 'wrong server' || !backoff.replaces()) return false;
      onReplace?.();
      return true;
    },
  });
  // Without a listener, a refused connection would end the process.
  client.on('error', (error: Error & { command?: { name: string } }) => {
    failed(error);
    // ioredis would go on in another database, which belongs to somebody else.
    if (error.command?.name === 'select') client.disconnect(true);
  });
  client.on('close', () => onError({ kind: 'outage', code: 'CLOSED', error: undefined }));
  client.on('connecting', () => onConnect?.());
  const ping = (): void => {
    if (client.status !== 'ready') return;
    const answered = (): void => {
      backoff.answered();
      onAnswer?.();
    };
    client.ping().then(answered, (error: unknown) => {
      const failure = failureOf(error);
      // It may not be asked this, but it has answered.
      if (failure.kind === 'forbidden') answered();
      else onError(failure);
    });
  };
  client.on('ready', ping);
  const pings = setInterval(ping, pingMs).unref();
  client.once('end', () => clearInterval(pings));
  return client;
};

/** The URL in our own reading: ioredis takes a query for options, and what is no number for a database of that name. */
export const addressOf = (url: string) => {
  const { tls, host, port, username, password, database } = redisServer(url);
  return {
    host,
    port,
    db: database,
    // Either kind of address, whichever the host's name has.
    family: 0,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    // Heroku Key-Value Store presents a self-signed certificate.
    ...(tls ? { tls: { rejectUnauthorized: false } } : {}),
  };
};

/** Resolves when the connection is ready, or after `ms` if it is not: a gateway starts without Redis too. */
export const readyWithin = (client: Redis, ms: number): Promise<void> =>
  new Promise((resolve) => {
    if (client.status === 'ready') return resolve();
    const timer = setTimeout(resolve, ms);
    client.once('ready', () => {
      clearTimeout(timer);
      resolve();
    });
  });
