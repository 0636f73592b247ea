/** The connection to Redis: it fails fast, never queues blindly, and never gives up coming back. */

import { Redis } from 'ioredis';

/**
 * A reply slower than this counts as a failure, milliseconds. A command takes well under one; 250 ms more on a rerank
 * call is what a caller may notice before Redis is left alone.
 */
const COMMAND_TIMEOUT_MS = 250;

const MAX_RECONNECT_DELAY_MS = 2000;

/**
 * Opens the connection in the background. Without one, commands fail at once: waiting in an offline queue would turn a
 * missing helper into a hanging gateway, and resending what may have been executed could do it twice.
 */
export const connectRedis = (url: string, onError: (message: string) => void): Redis => {
  const client = new Redis(url, {
    commandTimeout: COMMAND_TIMEOUT_MS,
    connectTimeout: 5000,
    maxRetriesPerRequest: 1,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    // Heroku cuts connections that are idle for 300 s.
    keepAlive: 60_000,
    retryStrategy: (attempt) => Math.min(50 * 2 ** attempt, MAX_RECONNECT_DELAY_MS),
    // Heroku Key-Value Store presents a self-signed certificate.
    ...(url.startsWith('rediss:') ? { tls: { rejectUnauthorized: false } } : {}),
  });
  // Without a listener, a refused connection would end the process. The code names no host and no password.
  client.on('error', (error: NodeJS.ErrnoException) => onError(error.code ?? error.name));
  return client;
};

export interface Heartbeat {
  /** Connected, and answering. */
  readonly up: boolean;
  stop(): void;
}

const HEARTBEAT_MS = 1000;

/** Asks Redis every second whether it is there: one that hangs stays connected for long. */
export const heartbeat = (client: Redis): Heartbeat => {
  let answering = true;
  const timer = setInterval(() => {
    client.ping().then(
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
    stop: () => clearInterval(timer),
  };
};
