/** A connection to Redis: it fails fast, never queues commands, and never stops reconnecting. */

import { Redis } from 'ioredis';
import { Backoff } from './backoff.ts';
import { type Failure, failureOf } from './failure.ts';
import { redisServer } from './url.ts';

const MAX_RECONNECT_DELAY_MS = 2000;

/**
 * How often each connection is pinged: one that hangs would stay connected for a long time. Also, Heroku Key-Value Store cuts a
 * connection after 300 s without a command, and a command sent just then is lost; TCP keep-alive does not count as one.
 */
const PING_MS = 1000;

/** A connection whose peer has been silent for so long is closed. Milliseconds. */
const SILENT_MS = 5000;

/** How long to wait for the peer to close its end, milliseconds. */
const CLOSING_MS = 250;

export interface RedisClientOptions {
  /** A command without a reply after this time fails, milliseconds. */
  readonly commandTimeoutMs: number;
  /** The longest pause between two attempts to connect while Redis does not answer, milliseconds. */
  readonly reconnectMs?: number;
  /** Called for each failure of the connection; for a command's failure only if it concerns all commands. */
  readonly onError: (failure: Failure) => void;
  /** Called whenever a ping was answered. */
  readonly onAnswer?: () => void;
  /** Called for every attempt to connect. */
  readonly onConnect?: () => void;
  /** Called when the connection is replaced because it leads to the wrong server. */
  readonly onReplace?: () => void;
  /** Milliseconds between two pings. Default a second. */
  readonly pingMs?: number;
}

/**
 * Opens the connection in the background. Until it is open, commands fail at once: waiting in an offline queue would make
 * the gateway hang when Redis is away, and resending a command that may have been executed could execute it twice.
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
    // Commands under way when the connection is lost fail at once, and not at their time-outs.
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    // ioredis would not report a refusal.
    autoResubscribe: false,
    // A Redis that is still loading gets our commands, and answers that it is loading.
    enableReadyCheck: false,
    disableClientInfo: true,
    retryStrategy: () => backoff.pause(),
    // After a failover the old primary may go on as a replica, with our connection still open.
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
    // ioredis would go on in the default database, which may belong to another app.
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
      // Our user may not ping, but Redis has answered.
      if (failure.kind === 'forbidden') answered();
      else onError(failure);
    });
  };
  client.on('ready', ping);
  const pings = setInterval(ping, pingMs).unref();
  client.once('end', () => clearInterval(pings));
  return client;
};

/** The address in a URL, by our own parser: ioredis takes a query for options, and a path that is no number for a database. */
export const addressOf = (url: string) => {
  const { tls, host, port, username, password, database } = redisServer(url);
  return {
    host,
    port,
    db: database,
    // IPv4 or IPv6, whichever the host's name resolves to.
    family: 0,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    // Heroku Key-Value Store presents a self-signed certificate.
    ...(tls ? { tls: { rejectUnauthorized: false } } : {}),
  };
};

/** Resolves when the connection is ready, and at the latest after `ms`: a gateway starts without Redis, too. */
export const readyWithin = (client: Redis, ms: number): Promise<void> =>
  new Promise((resolve) => {
    if (client.status === 'ready') return resolve();
    const timer = setTimeout(resolve, ms);
    client.once('ready', () => {
      clearTimeout(timer);
      resolve();
    });
  });
