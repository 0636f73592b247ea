/** Asks that nobody waits for: they cost no client's quota, and are only made while a model's window has room to spare. */

import { type Ask, type CacheTerms, type Scorer, type Scores, subAsk } from '../rerank/scoring.ts';

export interface BackgroundOptions {
  /** The model's window has room that nobody waits for. */
  readonly spare: (model: string) => boolean;
  /** The longest that such an ask may take, milliseconds. */
  readonly maxWaitMs: number;
}

/** No client has this name: asks in it are charged to nobody, and share no client's turns. */
const NOBODY = '';

const LEAST_URGENT = 7;

/** Asks for some documents of an ask again. */
export const askInBackground = (
  inner: Scorer,
  ask: Ask,
  places: readonly number[],
  cache: CacheTerms,
  maxWaitMs: number,
): Promise<Scores> =>
  inner.score({
    ...subAsk(ask, places),
    cache,
    terms: {
      client: NOBODY,
      urgency: LEAST_URGENT,
      deadline: performance.now() + maxWaitMs,
      signal: new AbortController().signal,
    },
    traceparent: undefined,
  });
