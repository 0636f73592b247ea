/** Heroku Inference's wire format for rerank: our ask as its request, its answer as scores or as our error. */

import { type ErrorKind, RerankError } from '../../calls/errors.ts';
import type { Ask } from '../../calls/scoring.ts';

/** The whole ranking is asked for, whatever the caller's `top_n`: Heroku's documented fields and no others. */
export const requestBody = ({
  model,
  query,
  documents,
}: Pick<Ask, 'model' | 'query' | 'documents'>): string => JSON.stringify({ model, query, documents });

export interface Answer {
  readonly values: Float64Array;
  /** As stated, else what these documents cost when none is long. */
  readonly searchUnits: number;
  /** The answer itself says what it cost. */
  readonly unitsStated: boolean;
}

const garbage = (): RerankError => new RerankError('upstream_garbage', undefined, { upstreamStatus: 200 });

const DOCUMENTS_PER_SEARCH_UNIT = 100;

/**
 * Reads a 200. Every document must have exactly one finite score, or nothing of the answer is believed: a score on
 * the wrong document is worse than an error.
 */
export const readAnswer = (body: string, documents: number): Answer => {
  const answer = parse(body) as {
    results?: unknown;
    meta?: { billed_units?: { search_units?: unknown } };
  } | null;
  const results = answer?.results;
  if (!Array.isArray(results) || results.length !== documents) throw garbage();
  const values = new Float64Array(documents).fill(Number.NaN);
  for (const result of results) {
    const { index, relevance_score: score } = (result ?? {}) as {
      index?: unknown;
      relevance_score?: unknown;
    };
    if (!Number.isInteger(index) || !isScore(score) || !Number.isNaN(values[index as number])) {
      throw garbage();
    }
    // JSON knows a −0, and our own would not give it back.
    values[index as number] = score + 0;
  }
  const units = answer?.meta?.billed_units?.search_units;
  const unitsStated = typeof units === 'number' && Number.isFinite(units) && units >= 0;
  const searchUnits = unitsStated ? units : Math.ceil(documents / DOCUMENTS_PER_SEARCH_UNIT);
  return { values, searchUnits, unitsStated };
};

/** Scores are in [0, 1]; a model that gives others is no reason to refuse them, but no model gives such as 10³⁰⁰. */
const MOST_SCORE = 1e6;

const isScore = (value: unknown): value is number =>
  typeof value === 'number' && Math.abs(value) <= MOST_SCORE;

const parse = (body: string): unknown => {
  try {
    return JSON.parse(body);
  } catch {
    throw garbage();
  }
};

/** Statuses of 4xx that are not about what was asked: about our key, our address, or the moment. */
const KIND_OF_STATUS: Readonly<Record<number, ErrorKind>> = {
  401: 'upstream_refused_key',
  403: 'upstream_forbidden',
  404: 'upstream_failed',
  407: 'upstream_failed',
  408: 'upstream_failed',
  425: 'upstream_failed',
  429: 'upstream_throttled',
};

/**
 * A 403 of Heroku's is JSON. What stands in front of it (CloudFront) answers a page to bodies that look like attacks, which
 * says nothing of our key.
 */
const kindOf = (status: number, body: string): ErrorKind => {
  if (status === 403 && messageOf(body) === undefined) return 'firewall_refused';
  const aboutTheRequest = status >= 400 && status < 500;
  return KIND_OF_STATUS[status] ?? (aboutTheRequest ? 'upstream_invalid' : 'upstream_failed');
};

/** Clients try a 409 again, which would only be refused again. */
const CONFLICT = 409;

const SAYS_WHEN: ReadonlySet<ErrorKind> = new Set(['upstream_throttled', 'upstream_unavailable']);

/** Any answer but a 200, as the error its caller gets. Only of one about the request are status and message his business. */
export const readRefusal = (
  status: number,
  headers: Headers,
  body: string,
  now = Date.now(),
): RerankError => {
  const retryAfterMs = retryAfter(headers, now);
  const kind = status === 503 && retryAfterMs !== undefined ? 'upstream_unavailable' : kindOf(status, body);
  const passedOn = kind === 'upstream_invalid';
  const message = passedOn ? messageOf(body) : undefined;
  return new RerankError(kind, message, {
    upstreamStatus: status,
    ...(passedOn && status !== CONFLICT && { status }),
    rateLimit: rateLimitHeaders(headers),
    ...(retryAfterMs !== undefined && SAYS_WHEN.has(kind) && { retryAfterMs }),
  });
};

/**
 * What an error's body says: Heroku's `error.message`, where `error` may also be such an object as a JSON string, or
 * Cohere's `message`. It may repeat what was sent.
 */
export const messageOf = (body: string): string | undefined => {
  const { error, message } = fieldsOf(body);
  const ofError = typeof error === 'string' ? fieldsOf(error) : (error as { message?: unknown } | undefined);
  const text = ofError?.message ?? message;
  return typeof text === 'string' && text !== '' ? text : undefined;
};

const fieldsOf = (json: string): { error?: unknown; message?: unknown } => {
  try {
    return (JSON.parse(json) as object | null) ?? {};
  } catch {
    return {};
  }
};

/**
 * When an answer says to come back, milliseconds from now: `Retry-After` (RFC 9110 §10.2.3), seconds or a date, or the
 * `retry-after-ms` of gateways that are more exact. Seconds may have a fraction, which the RFC does not know and servers
 * send. A date handed raw to a timer would fire at once.
 */
export const retryAfter = (headers: Headers, now: number): number | undefined => {
  const exact = decimal(headers['retry-after-ms']);
  if (exact !== undefined) return exact;
  const header = headers['retry-after'];
  const seconds = decimal(header);
  if (seconds !== undefined) return seconds * 1000;
  // A date starts with the name of a day; `Date.parse` alone takes "1.5" and "-5" for dates too.
  const ms =
    typeof header === 'string' && /^[A-Z][a-z]{2}/.test(header.trim())
      ? Date.parse(header) - now
      : Number.NaN;
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
};

const decimal = (header: string | string[] | undefined): number | undefined =>
  typeof header === 'string' && /^\d{1,9}(\.\d{1,9})?$/.test(header.trim()) ? Number(header) : undefined;

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** The `x-ratelimit-*` headers among an answer's headers. */
export const rateLimitHeaders = (headers: Headers): Record<string, string> => {
  const found: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith('x-ratelimit-') && typeof value === 'string') found[name] = value;
  }
  return found;
};
