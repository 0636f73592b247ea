/** What came of a call. */

import type { PlannedCall } from './plan.ts';

export type Observation = {
  readonly call: PlannedCall;
  /** Milliseconds until the whole answer was there. */
  readonly ms: number;
  /** Of the answer, names in lower case; empty without one. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
} & (
  | {
      readonly outcome: 'scored';
      /** In the order of the call's documents. */
      readonly values: Float64Array;
      /** Undefined: the answer does not say. */
      readonly searchUnits: number | undefined;
    }
  | {
      readonly outcome: 'refused';
      readonly status: number;
      /** The upstream's own words; undefined: none that can be read. */
      readonly message: string | undefined;
      /** Milliseconds after which it wants to be asked again, where it says so. */
      readonly retryAfterMs: number | undefined;
    }
  /** No answer, or none that means anything. */
  | { readonly outcome: 'failed'; readonly reason: string }
);
