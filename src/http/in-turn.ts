/**
 * Requests of a burst are taken up in turns. Node reads every socket that is ready in one round of the event loop: a
 * thousand requests at once would otherwise be authenticated and begun in that round, and /healthz behind them all.
 */

import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { Turns } from '../calls/turns.ts';

const arrivals = new WeakMap<object, number>();

/** When a request came, monotonic milliseconds; now, if it did not have to wait for its turn. */
export const arrivedAt = (request: object | undefined): number =>
  (request && arrivals.get(request)) ?? performance.now();

/** For who keeps a request from the app for a while. */
export const noteArrival = (request: object, at: number): void => void arrivals.set(request, at);

/** Whoever only asks how this process is need not wait for others. */
const isShort = ({ method }: IncomingMessage): boolean => method === 'GET' || method === 'HEAD';

export const inTurn = (listener: RequestListener): RequestListener => {
  const turns = new Turns();
  return (request: IncomingMessage, response: ServerResponse) => {
    const turn = isShort(request) ? undefined : turns.short();
    if (turn === undefined) return listener(request, response);
    arrivals.set(request, performance.now());
    turn.then(() => {
      // Its caller has left meanwhile, and nobody heard of the request.
      if (!response.destroyed) listener(request, response);
    });
  };
};
