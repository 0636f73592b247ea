/** The connection to Redis: it fails fast, never queues blindly, and never gives up coming back. */

import { Redis } from 'ioredis';
import { redisServer } from './config.ts';

const MAX_RECONNECT_DELAY_MS = 2000;

/**
 * Heroku Key-Value Store cuts a connection after 300 s without a command, and what comes just then is lost. TCP's own
 * keep-alive is none.
 */
const PING_MS = 60_000;

export interface RedisClientOptions {
  /** A reply slower than this counts as a failure, milliseconds. */
  readonly commandTimeoutMs: number;
  /** The longest pause between two attempts to connect, milliseconds. */
  readonly reconnectMs?: number;
  readonly onError: (code: string) => void;
  /** How often the connection is used though nobody needs it, milliseconds. Default a minute. */
  readonly pingMs?: number;
}

/**
 * Opens the connection in the background. Without one, commands fail at once: waiting in an offline queue would turn a
 * missing helper into a hanging gateway, and resending what may have been executed could do it twice.
 */
export const connectRedis = (
  url: string,
  { commandTimeoutMs, reconnectMs = MAX_RECONNECT_DELAY_MS, onError, pingMs = PING_MS }: RedisClientOptions,
): Redis => {
  const client = new Redis({
    ...addressOf(url),
    commandTimeout: commandTimeoutMs,
    connectTimeout: 5000,
    maxRetriesPerRequest: 1,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    // A peer that is gone without a word is noticed.
    keepAlive: 60_000,
    retryStrategy: (attempt) => Math.min(50 * 2 ** attempt, reconnectMs),
  });
  // Without a listener, a refused connection would end the process.
  client.on('error', (error: ConnectionError) => {
    onError(codeOf(error));
    // ioredis would go on in another database, which belongs to somebody else.
    if (error.command?.name === 'select') client.disconnect(true);
  });
  const ping = setInterval(() => void client.ping().catch(() => {}), pingMs).unref();
  client.once('end', () => clearInterval(ping));
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

interface ConnectionError extends NodeJS.ErrnoException {
  /** Of an answer of Redis. */
  readonly command?: { readonly name: string };
}

/** Names no host and no password: of an answer of Redis only its first word (`WRONGPASS`), and the command. */
const codeOf = ({ code, name, message, command }: ConnectionError): string =>
  code ?? (command ? `${/^[A-Z]+/.exec(message)?.[0] ?? name} ${command.name}` : name);

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

export interface Heartbeat {
  /** Connected, and answering. */
  readonly up: boolean;
  /** Somebody else waited for an answer in vain: not up until the next beat tells otherwise. */
  doubt(): void;
  stop(): void;
}

const HEARTBEAT_MS = 1000;

/**
 * Asks Redis every second whether it is there: one that hangs stays connected for long.
 * @param beat what it is asked; rejects when Redis does
 */
export const heartbeat = (client: Redis, beat: () => Promise<unknown>): Heartbeat => {
  let answering = true;
  const timer = setInterval(() => {
    beat().then(
      () => {
        answering = true;
      },
      () => {
        answering = false;
      },
    );
  }, HEARTBEAT_MS).unref();
  return {
    get up() {
      return client.status === 'ready' && answering;
    },
    doubt() {
      answering = false;
    },
    stop: () => clearInterval(timer),
  };
};
