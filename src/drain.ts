/** The end of a process's service: nothing new comes in, what is under way gets its answer. */

import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Callers } from './http/callers.ts';
import { RerankError } from './rerank/errors.ts';

export interface DrainOptions {
  readonly server: Server;
  readonly callers: Callers;
  /** Closes connections that have never sent a byte: to node they are not idle, and they would hold up the end. */
  readonly closeUnused: () => void;
  /** Milliseconds until the last connection is cut. */
  readonly budgetMs: number;
}

/** Share of the budget after which whoever still waits is told to go elsewhere, so that he hears it in time. */
const PATIENCE = 0.96;

const SWEEP_MS = 50;

/** Resolves when the last connection is closed. */
export const drain = async ({ server, callers, closeUnused, budgetMs }: DrainOptions): Promise<void> => {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  // A connection that was busy when the server closed is kept open after its answer; nobody will use it again.
  const sweep = setInterval(() => {
    server.closeIdleConnections();
    closeUnused();
  }, SWEEP_MS);
  const dismiss = setTimeout(() => callers.dismiss(() => new RerankError('draining')), budgetMs * PATIENCE);
  const cut = setTimeout(() => server.closeAllConnections(), budgetMs);
  await closed;
  clearInterval(sweep);
  clearTimeout(dismiss);
  clearTimeout(cut);
};

/** Keeps track of a server's connections, from before it listens. */
export const trackUnused = (server: Server): (() => void) => {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return () => {
    for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy();
  };
};
