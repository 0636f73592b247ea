/** The variables that travel with a request through the HTTP middleware. */

import type { HttpBindings } from '@hono/node-server';
import type { Wait } from '../calls/attempt.ts';
import type { Source, Timing } from '../calls/call.ts';
import type { ErrorKind, FailedCalls, QuotaRule } from '../calls/errors.ts';
import type { Outcome } from '../calls/outcome.ts';

/** A service that may call the gateway. */
export interface Caller {
  readonly name: string;
  /** The models that it may use; undefined: every model served. */
  readonly models: readonly string[] | undefined;
  readonly admin: boolean;
  /** When its key was used last: monotonic milliseconds. */
  usedAt?: number;
}

/** The facts of one request for log and metrics, filled in on its way. No query, document or key. */
export interface RequestRecord {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  /** Monotonic milliseconds. */
  readonly startedAt: number;
  /** Undefined until the caller is authenticated, or if it is not. */
  client?: string;
  /** One of the models served; undefined until known. */
  model?: string;
  /** Documents as sent, duplicates included. */
  documents?: number;
  sources?: readonly Source[];
  /** What the answer has cost upstream, in the endpoint's billing unit. */
  searchUnits?: number;
  tokens?: number;
  timing?: Timing;
  /** The predicted wait of a request that was refused for it. */
  wait?: Wait | undefined;
  /** Of a request that was refused for now: milliseconds until it makes sense again, and the quota that is used up. */
  retryAfterMs?: number | undefined;
  quota?: QuotaRule | undefined;
  authMs?: number;
  outcome: Outcome;
  error?: ErrorKind;
  /** The upstream calls of a failed request, and how they ended. */
  upstream?: {
    readonly status: number | undefined;
    readonly code: string | undefined;
    readonly calls: FailedCalls | undefined;
  };
  /** What was thrown, if it was unforeseen. */
  cause?: unknown;
  status: number;
  durationMs: number;
}

export interface GatewayEnv {
  Variables: { record: RequestRecord; caller: Caller };
  Bindings: Partial<HttpBindings>;
}
