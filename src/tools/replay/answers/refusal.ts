/** Checks an error against the contract: its body, a type that fits the status, and when to come back. */

import { type Headers, retryAfterMs } from './headers.ts';
import { insist, isObject, type Json } from './wrong.ts';

const TYPES: ReadonlyMap<number, string> = new Map([
  [400, 'invalid_request_error'],
  [401, 'authentication_error'],
  [403, 'authorization_error'],
  [404, 'invalid_request_error'],
  [405, 'invalid_request_error'],
  [413, 'invalid_request_error'],
  [429, 'rate_limit_error'],
  [502, 'server_error'],
  [503, 'server_error'],
  [504, 'server_error'],
]);

export interface Refused {
  readonly outcome: 'rejected' | 'error';
  /** Status and type, like `429 rate_limit_error`. */
  readonly kind: string;
  /** Milliseconds after which the caller should come back; undefined: it should not. */
  readonly retryAfterMs: number | undefined;
}

/** @param requestId the answer's X-Request-ID */
export const checkRefusal = (status: number, headers: Headers, body: Json, requestId: string): Refused => {
  const type = TYPES.get(status);
  insist(type !== undefined, `status ${status} is not one of the contract's`);
  const { error, message } = body;
  insist(typeof message === 'string' && message !== '', `${status} without a message`);
  insist(body.id === requestId, `the id of a ${status} is not its X-Request-ID`);
  insist(isObject(error) && error.code === status && error.message === message, `the error of a ${status}`);
  insist(error.type === type, `a ${status} has the type ${String(error.type)}`);
  const kind = `${status} ${type}`;
  if (status === 429 || status === 503) {
    return { outcome: 'rejected', kind, retryAfterMs: retryAfterMs(headers) };
  }
  // Every request of a corpus is valid: a gateway that calls one invalid is wrong, or is configured for other callers.
  insist(status >= 500, `${status} for a valid request: ${message}`);
  return { outcome: 'error', kind, retryAfterMs: undefined };
};
