/** The end of a process's service: nothing new comes in, what is under way gets its answer. */

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
  /** Milliseconds for all of it, and for what else has to be closed afterwards. */
  readonly budgetMs: number;
}

/** Share of the budget after which whoever still waits is told to go elsewhere, so that he hears it in time; */
const PATIENCE = 0.96;
/** and after which the last connections are cut. */
const END = 0.98;

const SWEEP_MS = 50;

/**
 * Resolves when the last connection is closed. Requests are served to the end: a router may have one on its way over a
 * connection that is idle here, and nobody would send it a second time.
 */
export const drain = async (options: DrainOptions): Promise<void> => {
  const { server, sockets, callers, delayMs, idleMs, budgetMs } = options;
  const dismiss = setTimeout(() => callers.dismiss(() => new RerankError('draining')), budgetMs * PATIENCE);
  const cut = setTimeout(() => sockets.closeAll(), budgetMs * END);
  sockets.part();
  if (delayMs > 0) await sleep(delayMs);
  await sockets.acceptMade();
  // An HTTP server's own `close` would cut idle connections at once.
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
