/** Observations of an upstream that is a function. */

import type { Observation } from '../../../src/tools/probe/observation.ts';
import type { CallName, PlannedCall } from '../../../src/tools/probe/plan.ts';

/** The score of the document at that place in the call. */
export type Scoring = (call: PlannedCall, index: number) => number;

export const scored = (call: PlannedCall, scoring: Scoring): Observation => ({
  call,
  ms: 10,
  headers: {},
  outcome: 'scored',
  values: Float64Array.from(call.documents, (_, index) => scoring(call, index)),
  searchUnits: 1,
});

export const refused = (call: PlannedCall, status: number, message?: string): Observation => ({
  call,
  ms: 1,
  headers: {},
  outcome: 'refused',
  status,
  message,
  retryAfterMs: undefined,
});

export const failed = (call: PlannedCall): Observation => ({
  call,
  ms: 1,
  headers: {},
  outcome: 'failed',
  reason: 'no answer in time',
});

/** The same number in [0, 1) for the same text. */
export const hash = (text: string): number => {
  let sum = 7;
  for (const character of text) sum = (sum * 31 + character.codePointAt(0)!) % 1_000_003;
  return sum / 1_000_003;
};

/** Depends on nothing but the document. */
export const pointwise: Scoring = ({ documents }, index) => hash(documents[index]!);

/** The calls without which nothing is known of what scores depend on. */
export const NEEDED: readonly CallName[] = ['first', 'reversed', 'alone', 'surrounded', 'again'];
