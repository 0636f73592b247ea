/** The end of a process's service: nothing new comes in, what is under way gets its answer. */

import type { Server } from 'node:http';
import type { Callers } from './http/callers.ts';
import { RerankError } from './rerank/errors.ts';

export interface DrainOptions {
  readonly server: Server;
  readonly callers: Callers;
  /** Milliseconds until the last connection is cut. */
  readonly budgetMs: number;
}

/** Share of the budget after which whoever still waits is told to go elsewhere, so that he hears it in time. */
const PATIENCE = 0.96;

const SWEEP_MS = 50;

/** Resolves when the last connection is closed. */
export const drain = async ({ server, callers, budgetMs }: DrainOptions): Promise<void> => {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  // A connection that was busy when the server closed is kept open after its answer; nobody will use it again.
  const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_MS);
  const dismiss = setTimeout(() => callers.dismiss(() => new RerankError('draining')), budgetMs * PATIENCE);
  const cut = setTimeout(() => server.closeAllConnections(), budgetMs);
  await closed;
  clearInterval(sweep);
  clearTimeout(dismiss);
  clearTimeout(cut);
};
