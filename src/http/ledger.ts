/** The outermost middleware: gives the request its id, and counts it exactly once when its answer is known. */

import { randomUUID } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';
import { type GatewayEnv, type RequestRecord, recordOf } from './context.ts';
import { arrivedAt } from './in-turn.ts';
import { shownPath } from './paths.ts';

/** Heroku's router keeps a caller's id under the same rule, so that both logs show the same one. */
const KEPT_ID = /^[A-Za-z0-9+/=-]{20,200}$/;

export const requestId = (header: string | undefined): string =>
  header !== undefined && KEPT_ID.test(header) ? header : randomUUID();

export interface LedgerOptions {
  readonly onRequest: (record: RequestRecord) => void;
}

export const ledger = ({ onRequest }: LedgerOptions): MiddlewareHandler<GatewayEnv> =>
  async function ledger(c, next) {
    const record = recordOf({
      id: requestId(c.req.header('x-request-id')),
      method: c.req.method,
      path: shownPath(c.req.path),
      startedAt: arrivedAt(c.env?.incoming) ?? performance.now(),
    });
    c.set('record', record);
    await next();
    record.status = c.res.status;
    record.durationMs = performance.now() - record.startedAt;
    onRequest(record);
  };
