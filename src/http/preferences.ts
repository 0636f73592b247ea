/** A caller's preferences in headers: caching, patience, urgency. Malformed ones are ignored. */

import type { CacheDirectives } from '../calls/call.ts';

type Directives = ReadonlyMap<string, string | undefined>;

/** Directives of a comma- or semicolon-separated header, names in lower case, quotes removed. */
const directives = (header: string | undefined): Directives => {
  const found = new Map<string, string | undefined>();
  for (const part of (header ?? '').split(/[,;]/)) {
    const [name = '', value] = part.split('=', 2);
    const key = name.trim().toLowerCase();
    if (key !== '' && !found.has(key)) found.set(key, value?.trim().replace(/^"(.*)"$/, '$1'));
  }
  return found;
};

const wholeNumber = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : undefined;

const UNCONDITIONAL: CacheDirectives = {
  read: true,
  write: true,
  forward: true,
  maxAgeMs: Number.POSITIVE_INFINITY,
  staleIfError: true,
};

/**
 * Request directives of `Cache-Control` (RFC 9111 §5.2.1). A caller with a `max-age` does not accept older values, not even
 * when the upstream fails. `no-cache` requires new values, and caches them for others. `no-store` leaves no trace, so it
 * does not read the caches, either.
 */
export const cacheTerms = (header: string | undefined): CacheDirectives => {
  if (header === undefined) return UNCONDITIONAL;
  const given = directives(header);
  const noStore = given.has('no-store');
  const maxAge = wholeNumber(given.get('max-age'));
  return {
    read: !noStore && !given.has('no-cache'),
    write: !noStore,
    forward: !given.has('only-if-cached'),
    maxAgeMs: maxAge === undefined ? Number.POSITIVE_INFINITY : maxAge * 1000,
    staleIfError: maxAge === undefined,
  };
};

/** Milliseconds that a caller will wait: `Prefer: wait=N` (RFC 7240 §4.3), at most `maxWaitMs`. */
export const patience = (header: string | undefined, maxWaitMs: number): number => {
  const seconds = header === undefined ? undefined : wholeNumber(directives(header).get('wait'));
  return seconds === undefined ? maxWaitMs : Math.min(seconds * 1000, maxWaitMs);
};

const DEFAULT_URGENCY = 3;

/** `u` of `Priority` (RFC 9218 §4.1): 0, most urgent, to 7. Anything else counts as absent. */
export const urgency = (header: string | undefined): number => {
  const value = header === undefined ? undefined : wholeNumber(directives(header).get('u'));
  return value === undefined || value > 7 ? DEFAULT_URGENCY : value;
};

/** https://www.w3.org/TR/trace-context/#traceparent-header */
const TRACEPARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

/** `traceparent` as it came, if it is valid: the upstream refuses calls with headers that are too large. */
export const traceContext = (header: string | undefined): string | undefined =>
  header !== undefined && TRACEPARENT.test(header) ? header : undefined;
