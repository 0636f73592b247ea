/** A kept answer, as the app would write and record it. */

import type { ServerResponse } from 'node:http';
import { NO_TIME } from '../calls/call.ts';
import { cacheStatus } from '../http/cache-status.ts';
import type { RequestRecord } from '../http/context.ts';
import { type QuotaState, quotaFields } from '../http/quota-headers.ts';
import { ageSeconds, JSON_TYPE, serverTiming } from '../http/respond.ts';
import type { Answer } from './answers.ts';

/** What a body begins with; behind it stands the request's id. */
export const HEAD = '{"id":"';

const STATUS = cacheStatus({ sources: ['memory'], stale: false, stored: false }, 'hit');

export interface Asked {
  readonly id: string;
  readonly client: string;
  /** Monotonic milliseconds. */
  readonly startedAt: number;
  readonly authMs: number;
}

export interface Particulars extends Pick<Asked, 'id' | 'authMs'> {
  readonly quota: QuotaState | undefined;
}

export const write = (
  { rest, oldest }: Answer,
  outgoing: ServerResponse,
  { id, authMs, quota }: Particulars,
): void => {
  const body = HEAD + id + rest;
  const fields = [
    ...['Content-Type', JSON_TYPE, 'X-Request-ID', id, 'Cache-Status', STATUS],
    ...['Server-Timing', serverTiming(authMs, NO_TIME), 'Age', ageSeconds(oldest)],
    ...['Content-Length', String(body.length)],
  ];
  if (quota !== undefined) fields.push(...quotaFields(quota).flat());
  outgoing.writeHead(200, fields);
  // One byte a character: head and body then go in one piece.
  outgoing.end(body, 'latin1');
};

export const recordOf = (
  { model, documents, sources }: Answer,
  { id, client, startedAt, authMs }: Asked,
): RequestRecord => ({
  id,
  method: 'POST',
  path: '/v1/rerank',
  startedAt,
  client,
  model,
  documents,
  sources,
  searchUnits: 0,
  timing: NO_TIME,
  authMs,
  outcome: 'hit',
  status: 200,
  durationMs: performance.now() - startedAt,
});
