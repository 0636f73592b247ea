/** What travels with a request through the HTTP onion. */

import type { HttpBindings } from '@hono/node-server';
import type { Wait } from '../calls/attempt.ts';
import type { Source, Timing } from '../calls/call.ts';
import type { ErrorKind, FailedCalls } from '../calls/errors.ts';
import type { Outcome } from '../calls/outcome.ts';

/** A service that may call the gateway. */
export interface Caller {
  readonly name: string;
  /** Undefined: every model served. */
  readonly models: readonly string[] | undefined;
  readonly admin: boolean;
}

/** What the request log and the ledger tell about one request; filled on its way. No query, document or key. */
export interface RequestRecord {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  /** Monotonic milliseconds. */
  readonly startedAt: number;
  /** Undefined until authenticated, and for whoever is not. */
  client?: string;
  /** A model that is served; undefined until known. */
  model?: string;
  /** Documents as sent, duplicates included. */
  documents?: number;
  sources?: readonly Source[];
  searchUnits?: number;
  timing?: Timing;
  /** Of a request that was refused for its wait. */
  wait?: Wait | undefined;
  authMs?: number;
  outcome: Outcome;
  error?: ErrorKind;
  /** What a failed request has tried upstream, and how that ended. */
  upstream?: {
    readonly status: number | undefined;
    readonly code: string | undefined;
    readonly calls: FailedCalls | undefined;
  };
  /** What was thrown, when nobody foresaw it. */
  cause?: unknown;
  status: number;
  durationMs: number;
}

export interface GatewayEnv {
  Variables: { record: RequestRecord; caller: Caller };
  Bindings: Partial<HttpBindings>;
}
