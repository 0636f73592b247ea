/** Heroku Inference's error answers as our errors: the same for every endpoint. */

import { type ErrorKind, RerankError } from '../calls/errors.ts';

/** 4xx statuses that are not about the content of a call: about our key, our address, or the timing. */
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
 * Heroku's own 403 is JSON. The firewall in front of it (CloudFront) answers bodies that look like attacks with a page, which
 * says nothing about our key.
 */
const kindOf = (status: number, body: string): ErrorKind => {
  if (status === 403 && messageOf(body) === undefined) return 'firewall_refused';
  const aboutTheRequest = status >= 400 && status < 500;
  return KIND_OF_STATUS[status] ?? (aboutTheRequest ? 'upstream_invalid' : 'upstream_failed');
};

/** Not passed on: clients retry a 409, and would only be refused again. */
const CONFLICT = 409;

const SAYS_WHEN: ReadonlySet<ErrorKind> = new Set(['upstream_throttled', 'upstream_unavailable']);

/** Any answer but a 200, as the caller's error. Status and message are passed on only when they are about the request. */
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
 * The message in an error's body: Heroku's `error.message`, where `error` may also be that object as a JSON string, or
 * Cohere's `message`. It may quote what was sent.
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
 * more exact `retry-after-ms` of some gateways. Seconds may have a fraction: the RFC has none, but some servers send it. A
 * date passed to a timer as it is would fire at once.
 */
export const retryAfter = (headers: Headers, now: number): number | undefined => {
  const exact = decimal(headers['retry-after-ms']);
  if (exact !== undefined) return exact;
  const header = headers['retry-after'];
  const seconds = decimal(header);
  if (seconds !== undefined) return seconds * 1000;
  // A date starts with the name of a day: `Date.parse` alone accepts "1.5" and "-5" as dates, too.
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
