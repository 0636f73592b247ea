/** The variables that travel with a request through the HTTP middleware. */

import type { HttpBindings } from '@hono/node-server';
import type { Wait } from '../calls/attempt.ts';
import type { Timing } from '../calls/call.ts';
import type { ErrorKind, FailedCalls, QuotaRule } from '../calls/errors.ts';
import type { Outcome } from '../calls/outcome.ts';
import type { SourceCounts } from '../calls/sources.ts';

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
  client?: string | undefined;
  /** One of the models served; undefined until known. */
  model?: string | undefined;
  /** Documents as sent, duplicates included. */
  documents?: number | undefined;
  /** The texts sent upstream or found, each once, by where their values came from. */
  sources?: SourceCounts | undefined;
  /** What the answer has cost upstream, in the endpoint's billing unit. */
  searchUnits?: number | undefined;
  tokens?: number | undefined;
  timing?: Timing | undefined;
  /** The predicted wait of a request that was refused for it. */
  wait?: Wait | undefined;
  /** Of a request that was refused for now: milliseconds until it makes sense again, and the quota that is used up. */
  retryAfterMs?: number | undefined;
  quota?: QuotaRule | undefined;
  authMs?: number | undefined;
  outcome: Outcome;
  error?: ErrorKind | undefined;
  /** The upstream calls of a failed request, and how they ended. */
  upstream?:
    | {
        readonly status: number | undefined;
        readonly code: string | undefined;
        readonly calls: FailedCalls | undefined;
      }
    | undefined;
  /** Where an unforeseen error was thrown. Not the error itself, which may hold anything: records are kept for a while. */
  cause?: readonly string[] | undefined;
  status: number;
  durationMs: number;
}

/**
 * The record of a request that has just come. Every field is there from the start: engines handle objects of one shape a good
 * deal faster.
 */
export const recordOf = ({
  id,
  method,
  path,
  startedAt,
}: Pick<RequestRecord, 'id' | 'method' | 'path' | 'startedAt'>): RequestRecord => ({
  id,
  method,
  path,
  startedAt,
  client: undefined,
  model: undefined,
  documents: undefined,
  sources: undefined,
  searchUnits: undefined,
  tokens: undefined,
  timing: undefined,
  wait: undefined,
  retryAfterMs: undefined,
  quota: undefined,
  authMs: undefined,
  outcome: 'error',
  error: undefined,
  upstream: undefined,
  cause: undefined,
  status: 500,
  durationMs: 0,
});

export interface GatewayEnv {
  Variables: { record: RequestRecord; caller: Caller };
  Bindings: Partial<HttpBindings>;
}
