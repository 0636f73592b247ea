/**
 * Spreads the requests of a burst over rounds of the event loop. Node reads every ready socket in one round: a thousand
 * requests at once would otherwise be authenticated and started in that round, and /healthz would wait for all of them.
 */

import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { Turns } from '../calls/turns.ts';

const arrivals = new WeakMap<object, number>();

/** When a request arrived that had to wait for its turn, monotonic milliseconds; undefined for one that had not. */
export const arrivedAt = (request: object | undefined): number | undefined =>
  request && arrivals.get(request);

/** Requests for a state, such as health checks, need not wait for others. */
const isShort = ({ method }: IncomingMessage): boolean => method === 'GET' || method === 'HEAD';

export const inTurn = (listener: RequestListener): RequestListener => {
  const turns = new Turns();
  return (request: IncomingMessage, response: ServerResponse) => {
    const turn = isShort(request) ? undefined : turns.short();
    if (turn === undefined) return listener(request, response);
    arrivals.set(request, performance.now());
    turn.then(() => {
      // Not if its caller has left meanwhile: nothing has seen the request yet.
      if (!response.destroyed) listener(request, response);
    });
  };
};
