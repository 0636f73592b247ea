/**
 * Every way in which the gateway refuses or fails, in one table. HTTP translates a kind to a status once, in
 * http/respond.ts; layers only throw `RerankError`.
 */

import type { Attempted, Wait } from './attempt.ts';

export type ErrorType =
  | 'invalid_request_error'
  | 'authentication_error'
  | 'authorization_error'
  | 'rate_limit_error'
  | 'server_error';

interface ErrorRule {
  readonly status: number;
  readonly type: ErrorType;
  /** The outcome under which the ledger counts the request. */
  readonly outcome: 'invalid' | 'rejected' | 'error';
  /** The upstream, not the caller, is the cause: a value past its freshness is better than this error. */
  readonly staleIfError: boolean;
  /** The message when the error is thrown without a more exact one. */
  readonly message: string;
}

const rule = (
  status: number,
  type: ErrorType,
  outcome: ErrorRule['outcome'],
  message: string,
  { staleIfError = false } = {},
): ErrorRule => ({ status, type, outcome, staleIfError, message });

const stale = { staleIfError: true };

export const ERRORS = {
  invalid_request: rule(400, 'invalid_request_error', 'invalid', 'The request is not valid.'),
  // Its status is the upstream's own: 400, 413, 422 …
  upstream_invalid: rule(400, 'invalid_request_error', 'invalid', 'The upstream calls the request invalid.'),
  firewall_refused: rule(
    400,
    'invalid_request_error',
    'invalid',
    'The firewall in front of the upstream refuses the request.',
  ),
  unauthenticated: rule(401, 'authentication_error', 'invalid', 'A valid gateway key is needed.'),
  forbidden: rule(403, 'authorization_error', 'invalid', 'This key may not do that.'),
  forbidden_model: rule(403, 'authorization_error', 'invalid', 'This key may not use that model.'),
  upstream_forbidden: rule(403, 'authorization_error', 'error', 'The upstream refuses that model.', stale),
  unknown_model: rule(404, 'invalid_request_error', 'invalid', 'No such model.'),
  unknown_route: rule(404, 'invalid_request_error', 'invalid', 'No such route.'),
  method_not_allowed: rule(405, 'invalid_request_error', 'invalid', 'That method is not allowed here.'),
  body_too_large: rule(413, 'invalid_request_error', 'invalid', 'The request body is too large.'),
  unknown_encoding: rule(
    415,
    'invalid_request_error',
    'invalid',
    'The body may be encoded as gzip, deflate or br, or not at all.',
  ),
  headers_too_large: rule(431, 'invalid_request_error', 'invalid', 'The request headers are too large.'),
  wait_too_long: rule(429, 'rate_limit_error', 'rejected', 'The wait would be longer than allowed.'),
  quota_exhausted: rule(429, 'rate_limit_error', 'rejected', "The client's own quota is used up."),
  queue_full: rule(429, 'rate_limit_error', 'rejected', 'Too many requests are waiting.'),
  upstream_throttled: rule(429, 'rate_limit_error', 'rejected', 'The upstream is throttling us.', stale),
  client_gone: rule(499, 'invalid_request_error', 'error', 'The client left before the answer.'),
  internal: rule(500, 'server_error', 'error', 'The gateway failed.'),
  upstream_failed: rule(502, 'server_error', 'error', 'The upstream failed.', stale),
  upstream_unreachable: rule(502, 'server_error', 'error', 'The upstream cannot be reached.', stale),
  upstream_refused_key: rule(502, 'server_error', 'error', "The upstream refuses the gateway's key.", stale),
  upstream_garbage: rule(
    502,
    'server_error',
    'error',
    'The upstream sent an answer that makes no sense.',
    stale,
  ),
  upstream_unavailable: rule(503, 'server_error', 'error', 'The upstream wants to be left alone.', stale),
  no_upstream: rule(503, 'server_error', 'error', 'No upstream can be asked at the moment.', stale),
  purge_incomplete: rule(
    503,
    'server_error',
    'error',
    'Redis cannot be reached: this process has forgotten the scores, the others will when it is back.',
  ),
  buffer_full: rule(503, 'server_error', 'rejected', 'The gateway holds as many bytes as it may at a time.'),
  draining: rule(503, 'server_error', 'rejected', 'The gateway is shutting down.'),
  deadline: rule(504, 'server_error', 'error', 'The answer did not come in time.', stale),
  not_cached: rule(504, 'server_error', 'rejected', 'Not in the cache, and only-if-cached was asked.'),
} as const satisfies Record<string, ErrorRule>;

export type ErrorKind = keyof typeof ERRORS;

/** What a client may have sent in any window. */
export interface QuotaRule {
  readonly calls: number;
  readonly windowMs: number;
}

export interface ErrorDetails {
  /** The field of the request that is to blame, as in `documents[3]`. */
  readonly param?: string;
  /** Replaces the kind's own status: the upstream's status, passed on. */
  readonly status?: number;
  /** Milliseconds after which a new attempt makes sense. */
  readonly retryAfterMs?: number;
  /** The predicted wait for which the request was refused. */
  readonly wait?: Wait;
  /** The quota that is used up. */
  readonly quota?: QuotaRule;
  /** The status of the upstream's answer; without an answer, the code of what went wrong on the wire, like `ECONNREFUSED`. */
  readonly upstreamStatus?: number;
  readonly upstreamCode?: string;
  /** The upstream's `x-ratelimit-*` headers, if it sent any. */
  readonly rateLimit?: Readonly<Record<string, string>>;
  /** Headers of the answer, e.g. `Allow`. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

/** The attempts of a call that failed in the end. */
export interface FailedCalls {
  /** The attachment of the last attempt, the number of attempts, and the milliseconds spent waiting and in the calls. */
  readonly attachment: string;
  readonly attempts: number;
  readonly queueMs: number;
  readonly upstreamMs: number;
  readonly each: readonly Attempted[];
}

/** An error a caller may read: its message holds no key, query, document or host. */
export class RerankError extends Error {
  override readonly name = 'RerankError';
  readonly kind: ErrorKind;
  readonly status: number;
  readonly param: string | undefined;
  readonly retryAfterMs: number | undefined;
  readonly wait: Wait | undefined;
  readonly quota: QuotaRule | undefined;
  readonly upstreamStatus: number | undefined;
  readonly upstreamCode: string | undefined;
  /** The attempts that ended in this error, for the log. */
  calls: FailedCalls | undefined;
  readonly rateLimit: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;

  constructor(kind: ErrorKind, message?: string, details: ErrorDetails = {}) {
    super(message ?? ERRORS[kind].message, { cause: details.cause });
    this.kind = kind;
    this.status = details.status ?? ERRORS[kind].status;
    this.param = details.param;
    this.retryAfterMs = details.retryAfterMs;
    this.wait = details.wait;
    this.quota = details.quota;
    this.upstreamStatus = details.upstreamStatus;
    this.upstreamCode = details.upstreamCode;
    this.rateLimit = details.rateLimit ?? {};
    this.headers = details.headers ?? {};
  }

  get rule(): ErrorRule {
    return ERRORS[this.kind];
  }
}

/** Anything thrown, as an error of the table: an unforeseen one becomes `internal`, with the original as its cause. */
export const toRerankError = (thrown: unknown): RerankError =>
  thrown instanceof RerankError ? thrown : new RerankError('internal', undefined, { cause: thrown });

/** A field of the request breaks its rule. @param must the rule, to stand after the field's name */
export const invalidField = (param: string, must: string): RerankError =>
  new RerankError('invalid_request', `\`${param}\` ${must}`, { param });

/** Whether the upstream refused a call for its content, which says nothing about other questions and documents. */
export const isAboutContent = ({ kind }: RerankError): boolean =>
  kind === 'upstream_invalid' || kind === 'firewall_refused';
