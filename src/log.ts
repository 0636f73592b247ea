/** The log: one line of JSON per event. A request's fields are picked by name, so that nothing of a body can slip in. */

import { type DestinationStream, type Logger, pino } from 'pino';
import type { AppOptions } from './app.ts';
import type { CachesOptions } from './cache/caches.ts';
import { ERRORS } from './calls/errors.ts';
import { framesOf } from './calls/frames.ts';
import type { RequestRecord } from './http/context.ts';
import type { PacersOptions } from './pacing/pacers.ts';

export interface LogOptions {
  /** One of pino's levels. */
  readonly level: string;
  /** Whether lines have a time: not needed where the log is timestamped when it is collected, as at Heroku. */
  readonly stamped: boolean;
  /** Fields of every line; undefined ones are left out. */
  readonly base: Readonly<Record<string, string | undefined>>;
}

/** @param destination default: standard output */
export const createLog = ({ level, stamped, base }: LogOptions, destination?: DestinationStream): Logger =>
  pino(
    {
      level,
      base,
      // By name, not number: people read `heroku logs`.
      formatters: { level: (label) => ({ level: label }) },
      timestamp: stamped && pino.stdTimeFunctions.isoTime,
    },
    destination,
  );

export const logRequest = (log: Logger, record: RequestRecord): void => {
  const { outcome, error } = record;
  // A failure of ours or of the upstream, which needs attention. A caller that left is neither.
  const level = outcome === 'error' && error !== 'client_gone' ? 'error' : 'info';
  if (log.isLevelEnabled(level)) write(log, level, record);
};

/** The fields of a line: those that are undefined do not stand there. */
const fieldsOf = (record: RequestRecord): string => {
  const { outcome, error, timing } = record;
  const wait = timing?.wait ?? record.wait;
  const { status: upstreamStatus, code: upstreamCode, calls } = record.upstream ?? {};
  return (
    text('id', record.id) +
    text('method', record.method) +
    text('path', record.path) +
    text('client', record.client) +
    text('model', record.model) +
    text('outcome', outcome) +
    number('status', record.status) +
    number('documents', record.documents) +
    number('searchUnits', record.searchUnits) +
    number('tokens', record.tokens) +
    text('error', error) +
    number('ms', round(record.durationMs)) +
    number('authMs', round(record.authMs)) +
    number('cacheMs', round(timing?.cacheMs)) +
    number('queueMs', round(timing?.queueMs ?? calls?.queueMs)) +
    number('upstreamMs', round(timing?.upstreamMs ?? calls?.upstreamMs)) +
    text('attachment', calls?.attachment) +
    number('attempts', calls?.attempts) +
    number('upstreamStatus', upstreamStatus) +
    text('upstreamCode', upstreamCode) +
    text('waitReason', wait?.reason) +
    number('predictedMs', round(wait?.predictedMs)) +
    number('retryAfterMs', round(record.retryAfterMs)) +
    number('quotaCalls', record.quota?.calls) +
    number('quotaWindowMs', record.quota?.windowMs) +
    // The table's words, not the error's own, which may quote the upstream.
    json('cause', record.cause ?? (outcome === 'error' && error ? ERRORS[error].message : undefined))
  );
};

const number = (name: string, value: number | undefined): string =>
  value === undefined ? '' : `,"${name}":${Number.isFinite(value) ? value : null}`;

/** Texts that stand in JSON as they are, as names and ids do. */
const PLAIN = /^[\w ./:+=-]*$/;

const text = (name: string, value: string | undefined): string =>
  value !== undefined && PLAIN.test(value) ? `,"${name}":"${value}"` : json(name, value);

const json = (name: string, value: unknown): string =>
  value === undefined ? '' : `,"${name}":${JSON.stringify(value)}`;

/** The parts of a line that pino prepares in advance. */
interface Parts {
  readonly [pino.symbols.streamSym]: DestinationStream;
  readonly [pino.symbols.lsCacheSym]: Readonly<Record<number, string>>;
  readonly [pino.symbols.chindingsSym]: string;
  readonly [pino.symbols.timeSym]: () => string;
}

/** Writes the same line as pino, in a fraction of the time: pino would take longer than the rest of a cache hit. */
const write = (log: Logger, level: 'error' | 'info', record: RequestRecord): void => {
  const parts = log as unknown as Parts;
  const begin = parts[pino.symbols.lsCacheSym][log.levels.values[level]!]! + parts[pino.symbols.timeSym]();
  const bound = parts[pino.symbols.chindingsSym];
  parts[pino.symbols.streamSym].write(`${begin}${bound}${fieldsOf(record)},"msg":"request"}\n`);
};

const round = (ms: number | undefined): number | undefined =>
  ms === undefined ? undefined : Math.round(ms * 100) / 100;

type OfCaches = Pick<CachesOptions, 'onDependent' | 'onChange'>;
type OfPacers = Pick<PacersOptions, 'onChange' | 'onBug' | 'onCircuit'>;

/** Log lines for operators about services and their keys. */
export const accessNotices = (log: Logger): Pick<AppOptions, 'onPurge' | 'onRefusedKey'> => ({
  onPurge: (client, model, complete) => log.warn({ client, model, complete }, 'cache purged'),
  onRefusedKey: (refused) => log.warn({ ...refused }, 'key refused'),
});

/** Log lines for operators about scores. */
export const cacheNotices = (log: Logger): OfCaches => ({
  onDependent(model, dependent) {
    if (dependent) {
      log.error({ model }, 'scores depend on more than their pair: reused for the same documents only');
    } else log.warn({ model }, 'scores are reused by their pair again');
  },
  onChange(model, purged) {
    if (purged) log.warn({ model }, 'the model has changed: its older scores are forgotten');
    else log.error({ model }, 'scores change too often to be forgotten each time');
  },
});

/** Log lines for operators about windows and upstreams. @param causeOf what the latest failed call to an upstream ended in */
export const pacingNotices = (log: Logger, causeOf: (upstream: string) => string | undefined): OfPacers => ({
  onChange(window, state, cause) {
    log.warn({ window, state, reason: cause?.kind, code: cause?.code }, 'pacing');
  },
  onBug(window, error) {
    log.error({ window, cause: framesOf(error) ?? typeof error }, 'pacing failed');
  },
  onCircuit(upstream, model, reason) {
    if (reason) log.error({ upstream, model, reason, cause: causeOf(upstream) }, 'upstream is left alone');
    else log.warn({ upstream, model }, 'upstream is back');
  },
});
