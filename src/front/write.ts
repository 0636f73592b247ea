/** Writes answers as the app would. */

import type { ServerResponse } from 'node:http';
import { NO_TIME } from '../calls/call.ts';
import type { Answer } from '../http/ask.ts';
import { cacheStatus } from '../http/cache-status.ts';
import type { RequestRecord } from '../http/context.ts';
import { ageSeconds, JSON_TYPE, serverTiming } from '../http/respond.ts';
import type { Kept } from './answers.ts';

/** What a body begins with; behind it stands the request's id. */
export const HEAD = '{"id":"';

const STATUS = cacheStatus({ sources: ['memory'], stale: false, stored: false }, 'hit');

/** @param more names and values, alternating, of further headers */
export const send = (
  outgoing: ServerResponse,
  { status, headers, body }: Answer,
  more: readonly string[],
): void => {
  const bytes = Buffer.byteLength(body);
  const fields = ['Content-Length', String(bytes)];
  for (const name in headers) fields.push(name, headers[name]!);
  fields.push(...more);
  write(outgoing, status, fields, body, bytes === body.length);
};

/** The answer that is kept, for another request, whose record then says so. @param more as above */
export const sendKept = (
  outgoing: ServerResponse,
  { rest, oldest, model, documents, sources }: Kept,
  record: RequestRecord,
  more: readonly string[],
): void => {
  record.model = model;
  record.documents = documents;
  record.sources = sources;
  record.searchUnits = 0;
  record.timing = NO_TIME;
  record.outcome = 'hit';
  const { id, authMs = 0 } = record;
  const body = HEAD + id + rest;
  const fields = [
    ...['Content-Length', String(body.length), 'Content-Type', JSON_TYPE, 'X-Request-ID', id],
    ...['Cache-Status', STATUS, 'Server-Timing', serverTiming(authMs, NO_TIME), 'Age', ageSeconds(oldest)],
    ...more,
  ];
  write(outgoing, 200, fields, body, true);
};

/** @param fields names and values, alternating @param ascii whether the body holds nothing else */
const write = (
  outgoing: ServerResponse,
  status: number,
  fields: string[],
  body: string,
  ascii: boolean,
): void => {
  outgoing.writeHead(status, fields);
  // One byte a character: head and body then go in one piece.
  outgoing.end(body, ascii ? 'latin1' : 'utf8');
};
