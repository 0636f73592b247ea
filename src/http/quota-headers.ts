/**
 * Tells a client with a quota how much of it is left, on every answer: `RateLimit-Policy` and `RateLimit`
 * (draft-ietf-httpapi-ratelimit-headers, structured fields, whole seconds).
 */

import type { MiddlewareHandler } from 'hono';
import { wholeSeconds } from '../calls/whole-seconds.ts';
import type { GatewayEnv } from './context.ts';

export interface QuotaState {
  /** Calls in any window. */
  readonly limit: number;
  readonly windowMs: number;
  readonly remaining: number;
  readonly nextFreeMs: number;
}

/** The two headers, in any order. */
export const quotaFields = ({ limit, windowMs, remaining, nextFreeMs }: QuotaState): [string, string][] => [
  ['RateLimit-Policy', `"rpm";q=${limit};w=${wholeSeconds(windowMs)}`],
  ['RateLimit', `"rpm";r=${remaining};t=${wholeSeconds(nextFreeMs)}`],
];

/** @param stateOf returns undefined for a client without a quota; called for every answer, hits included */
export const quotaHeaders = (
  stateOf: (client: string) => QuotaState | undefined,
): MiddlewareHandler<GatewayEnv> =>
  async function quotaHeaders(c, next) {
    await next();
    const state = stateOf(c.get('caller').name);
    if (state === undefined) return;
    for (const [name, value] of quotaFields(state)) c.res.headers.set(name, value);
  };
