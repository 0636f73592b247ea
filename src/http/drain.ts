/** Ends the service of a process: no new requests are accepted, and those under way get their answers. */

import type { Server } from 'node:http';
import { Server as NetServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { RerankError } from '../calls/errors.ts';
import type { Callers } from './callers.ts';
import type { Sockets } from './sockets.ts';

export interface DrainOptions {
  readonly server: Server;
  readonly sockets: Sockets;
  readonly callers: Callers;
  /** Milliseconds for which the port stays open, while `/readyz` already says 503. */
  readonly delayMs: number;
  /** Milliseconds for which idle connections stay open after the port is closed. */
  readonly idleMs: number;
  /** Milliseconds for the whole drain, and for closing everything else afterwards. */
  readonly budgetMs: number;
}

/** Share of the budget after which requests that still wait are refused, so that their callers get the answer in time, */
const PATIENCE = 0.96;
/** and share after which the last connections are closed. */
const END = 0.98;

const SWEEP_MS = 50;

/**
 * Resolves when the last connection is closed. Requests are served to the end: a router may have sent one over a connection
 * that is idle here, and would not send it a second time.
 */
export const drain = async (options: DrainOptions): Promise<void> => {
  const { server, sockets, callers, delayMs, idleMs, budgetMs } = options;
  const dismiss = setTimeout(() => callers.dismiss(() => new RerankError('draining')), budgetMs * PATIENCE);
  const cut = setTimeout(() => sockets.closeAll(), budgetMs * END);
  sockets.part();
  if (delayMs > 0) await sleep(delayMs);
  await sockets.acceptMade();
  // An HTTP server's own `close` would close idle connections at once.
  const closed = new Promise<void>((resolve) => void NetServer.prototype.close.call(server, () => resolve()));
  const grace = new AbortController();
  await Promise.race([closed, sleep(idleMs, undefined, { signal: grace.signal }).catch(() => {})]);
  grace.abort();
  const sweep = setInterval(() => sockets.closeIdle(), SWEEP_MS);
  await closed;
  clearInterval(sweep);
  clearTimeout(dismiss);
  clearTimeout(cut);
};
