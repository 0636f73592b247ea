/** The headers of requests and answers, as the API description tells them. */

import type { Schema } from '../endpoints/description.ts';

interface Header {
  readonly description: string;
  readonly schema: Schema;
  readonly example: unknown;
  /** Every answer that may have it does. */
  readonly required?: true;
}

const header = (description: string, schema: Schema, example: unknown, always = false): Header => ({
  description,
  schema,
  example,
  ...(always ? { required: true } : undefined),
});

const text = (pattern?: string): Schema => ({ type: 'string', ...(pattern ? { pattern } : undefined) });

const ID = '^[A-Za-z0-9+/=-]{20,200}$';
const UUID = '749d6d81-73ea-4c16-aafb-7755c0efb4fa';

export const RESPONSE_HEADERS = {
  'X-Request-ID': header(
    "The id of the request, also in the body and in the gateway's log.",
    text(ID),
    UUID,
    true,
  ),
  'Cache-Status': header(
    'Where the values came from (RFC 9211). `fwd=partial`: some were cached. `collapsed`: the request shared a call with ' +
      'others. `stored`: what was called for is kept. `hit; fwd=stale`: values past their freshness stand in for a failing upstream.',
    text(
      '^rerank-gateway; (hit(; fwd=stale)?|fwd=(partial|miss|bypass))(; collapsed)?(; stored)?(; detail=(memory|redis))?$',
    ),
    'rerank-gateway; hit; detail=memory',
    true,
  ),
  Age: header(
    'Of a hit: seconds since its oldest value left the upstream.',
    { type: 'integer', minimum: 0 },
    12,
  ),
  'Server-Timing': header(
    'Where the time went, in milliseconds.',
    text('^auth;dur=[0-9.]+, cache;dur=[0-9.]+, queue;dur=[0-9.]+, upstream;dur=[0-9.]+$'),
    'auth;dur=0.02, cache;dur=0.31, queue;dur=0.12, upstream;dur=84.20',
    true,
  ),
  'RateLimit-Policy': header(
    'Of a service with a quota: its calls in any window of so many seconds.',
    text('^"rpm";q=[0-9]+;w=[0-9]+$'),
    '"rpm";q=100;w=60',
  ),
  RateLimit: header(
    'Of a service with a quota: the calls that are left, and the seconds until the next is free.',
    text('^"rpm";r=[0-9]+;t=[0-9]+$'),
    '"rpm";r=98;t=0',
  ),
  'x-ratelimit-limit-requests': header("The upstream's, where a call was made.", text(), '250'),
  'x-ratelimit-remaining-requests': header("The upstream's, where a call was made.", text(), '249'),
  'x-ratelimit-reset-requests': header("The upstream's, where a call was made.", text(), '51s'),
  'Retry-After': header(
    'Seconds after which another attempt makes sense: never sooner than there is room, and spread between callers.',
    { type: 'integer', minimum: 1, maximum: 59 },
    7,
    true,
  ),
  'WWW-Authenticate': header('How to send a key.', { const: 'Bearer' }, 'Bearer', true),
  Allow: header('The method of this route.', text(), 'POST', true),
  'Accept-Encoding': header('The encodings that a body may have.', text(), 'gzip, deflate, br', true),
  ETag: header('The version of the answer, for `If-None-Match`.', text(), '"dGVzdA"', true),
} as const satisfies Record<string, Header>;

export type ResponseHeader = keyof typeof RESPONSE_HEADERS;

/** References to headers, for an answer that has them. */
export const headers = (...names: ResponseHeader[]): Schema =>
  Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));

interface Parameter {
  readonly name: string;
  readonly in: 'header';
  readonly description: string;
  readonly schema: Schema;
  readonly example: unknown;
}

const parameter = (name: string, description: string, example: string, schema = text()): Parameter => ({
  name,
  in: 'header',
  description,
  schema,
  example,
});

/** @param maxWaitMs the longest that a request may take */
export const requestHeaders = (maxWaitMs: number): Readonly<Record<string, Parameter>> => ({
  CacheControl: parameter(
    'Cache-Control',
    '`no-cache`: call anew, and keep. `no-store`: neither read nor keep. `max-age=N`: nothing older, not even when the ' +
      'upstream fails. `only-if-cached`: a hit or 504 (RFC 9111). Anything else is ignored.',
    'max-age=3600',
  ),
  Prefer: parameter(
    'Prefer',
    `\`wait=N\`: the caller waits N seconds at most, in any case no more than ${maxWaitMs / 1000} (RFC 7240).`,
    'wait=10',
  ),
  Priority: parameter(
    'Priority',
    "`u=0` to `u=7`: urgency among the same service's calls; 0 goes first, 3 is usual (RFC 9218).",
    'u=1',
  ),
  RequestId: parameter(
    'X-Request-ID',
    `Kept as the id of the request when it fits \`${ID}\`; any other is replaced.`,
    UUID,
  ),
  TraceParent: parameter(
    'traceparent',
    'Passed on upstream when it is valid (https://www.w3.org/TR/trace-context).',
    '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  ),
  ContentEncoding: parameter('Content-Encoding', 'How the body is encoded, if it is.', 'gzip', {
    type: 'string',
    enum: ['gzip', 'deflate', 'br', 'identity'],
  }),
});

export const parameters = (...names: string[]): Schema[] =>
  names.map((name) => ({ $ref: `#/components/parameters/${name}` }));
