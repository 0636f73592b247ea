/** What came of a call. */

import type { RerankError } from '../rerank/errors.ts';
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
  | { readonly outcome: 'refused'; readonly status: number; readonly error: RerankError }
  /** No answer, or none that means anything. */
  | { readonly outcome: 'failed'; readonly reason: string }
);
