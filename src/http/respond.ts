/** Answers: the headers of every 200, and the one body of every error. */

import { type ItemReply, NO_TIME, type Timing } from '../calls/call.ts';
import { type RerankError, toRerankError } from '../calls/errors.ts';
import { framesOf } from '../calls/frames.ts';
import type { Served } from '../calls/outcome.ts';
import type { Values } from '../calls/values.ts';
import { type Answer, toResponse } from './ask.ts';
import { cacheStatus } from './cache-status.ts';
import type { RequestRecord } from './context.ts';

export const JSON_TYPE = 'application/json; charset=utf-8';

export interface OkAnswer {
  /** JSON. */
  readonly body: string;
  readonly reply: ItemReply<Values>;
  readonly served: Served;
  readonly record: RequestRecord;
}

export const okAnswer = ({ body, reply, served, record }: OkAnswer): Answer => {
  const headers: Record<string, string> = {
    ...reply.rateLimit,
    'Content-Type': JSON_TYPE,
    'X-Request-ID': record.id,
    'Cache-Status': cacheStatus(reply, served),
    'Server-Timing': serverTiming(record.authMs ?? 0, reply.timing),
  };
  if (served === 'hit' || served === 'stale') headers.Age = ageSeconds(oldestOf(reply.takenAt));
  return { status: 200, headers, body };
};

/** The earliest of the times. */
export const oldestOf = (times: Float64Array): number => {
  let oldest = Number.POSITIVE_INFINITY;
  for (const time of times) if (time < oldest) oldest = time;
  return oldest;
};

/** Whole seconds (RFC 9111 §5.1). @param oldest when the oldest value left the upstream, epoch milliseconds */
export const ageSeconds = (oldest: number): string =>
  String(Math.max(0, Math.floor((Date.now() - oldest) / 1000)));

export const serverTiming = (authMs: number, timing: Timing): string =>
  `auth;dur=${authMs.toFixed(2)}${timing === NO_TIME ? IN_NO_TIME : timesOf(timing)}`;

const timesOf = ({ cacheMs, queueMs, upstreamMs }: Timing): string =>
  `, cache;dur=${cacheMs.toFixed(2)}, queue;dur=${queueMs.toFixed(2)}, upstream;dur=${upstreamMs.toFixed(2)}`;

const IN_NO_TIME = timesOf(NO_TIME);

export const errorResponse = (thrown: unknown, record: RequestRecord): Response =>
  toResponse(errorAnswer(thrown, record));

/** The answer to anything thrown. Records the request's outcome. */
export const errorAnswer = (thrown: unknown, record: RequestRecord): Answer => {
  const error = toRerankError(thrown);
  const { type, outcome } = error.rule;
  const { status, param } = error;
  record.outcome = outcome;
  record.error = error.kind;
  record.wait = error.wait;
  record.retryAfterMs = error.retryAfterMs;
  record.quota = error.quota;
  record.upstream = { status: error.upstreamStatus, code: error.upstreamCode, calls: error.calls };
  if (error.kind === 'internal') record.cause = framesOf(error.cause);
  const body = {
    id: record.id,
    message: error.message,
    error: { code: status, message: error.message, type, ...(param === undefined ? undefined : { param }) },
  };
  const headers: Record<string, string> = {
    ...error.headers,
    'Content-Type': JSON_TYPE,
    'X-Request-ID': record.id,
  };
  if (status === 429 || status === 503) headers['Retry-After'] = retryAfter(error);
  return { status, headers, body: JSON.stringify(body) };
};

/** Some clients ignore a Retry-After of 60 s or more, and come back at once. */
const MAX_RETRY_AFTER_S = 59;

/** Spreads equal waits over callers, since their clients add no jitter. */
const SPREAD = 0.2;

const DEFAULT_RETRY_AFTER_MS = 1000;

/** Whole seconds, never less than the wait, and up to a fifth more. */
const retryAfter = ({ retryAfterMs = DEFAULT_RETRY_AFTER_MS }: RerankError): string => {
  const seconds = Math.ceil((retryAfterMs / 1000) * (1 + SPREAD * Math.random()));
  return String(Math.min(MAX_RETRY_AFTER_S, Math.max(1, seconds)));
};
