/** What was observed at a call. */

import type { PlannedCall } from './plan.ts';

export type Observation = {
  readonly call: PlannedCall;
  /** Milliseconds until the whole answer had arrived. */
  readonly ms: number;
  /** Of the answer, names in lower case; empty without one. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
} & (
  | {
      readonly outcome: 'scored';
      /** In the order of the call's documents. */
      readonly values: Float64Array;
      /** Undefined: the answer does not state them. */
      readonly searchUnits: number | undefined;
    }
  | {
      readonly outcome: 'refused';
      readonly status: number;
      /** The upstream's message; undefined: none that can be read. */
      readonly message: string | undefined;
      /** The upstream's Retry-After, milliseconds, if it sent one. */
      readonly retryAfterMs: number | undefined;
    }
  /** No answer, or none that makes sense. */
  | { readonly outcome: 'failed'; readonly reason: string }
);
