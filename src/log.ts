/** The request log: one JSON line a request. Its fields are picked by name, so nothing of a body can slip in. */

import type { Logger } from 'pino';
import type { RequestRecord } from './http/context.ts';

export const logRequest = (log: Logger, record: RequestRecord): void => {
  const { id, method, path, client, model, outcome, status, documents, searchUnits, error, timing } = record;
  const line = {
    id,
    method,
    path,
    client,
    model,
    outcome,
    status,
    documents,
    searchUnits,
    error,
    ms: round(record.durationMs),
    authMs: round(record.authMs),
    cacheMs: round(timing?.cacheMs),
    queueMs: round(timing?.queueMs),
    upstreamMs: round(timing?.upstreamMs),
    cause: framesOf(record.cause),
  };
  if (error === 'internal') log.error(line, 'request');
  else log.info(line, 'request');
};

const round = (ms: number | undefined): number | undefined =>
  ms === undefined ? undefined : Math.round(ms * 100) / 100;

/** Where an unforeseen error comes from. Its message stays out: it may quote what it stumbled over. */
const framesOf = (cause: unknown): string[] | undefined =>
  cause instanceof Error
    ? [cause.name, ...(cause.stack?.split('\n').filter((line) => /^\s+at /.test(line)) ?? []).slice(0, 8)]
    : undefined;
