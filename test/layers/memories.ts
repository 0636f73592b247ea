/** Both memory layers around a scorer that answers at once, on a clock that the test moves. */

import { recall, remember } from '../../src/layers/memory.ts';
import { memoryStore } from '../../src/layers/memory-store.ts';
import type { Scorer, Scores } from '../../src/rerank/scoring.ts';
import { type AskOptions, anAsk, InstantScorer, scoresOf, stack } from '../support/fakes.ts';

/** Milliseconds for which a score is fresh, and then for which it is better than an error. */
export const TTL = 1000;
export const STALE = 500;

export class Memories {
  /** Epoch milliseconds. */
  now = 1_700_000_000_000;
  readonly inner = new InstantScorer();
  readonly #scorer: Scorer;

  constructor() {
    this.inner.respond = (ask) => scoresOf(ask, { scoredAt: this.now });
    const store = memoryStore(1_000_000);
    const lifetime = { ttlMs: TTL, staleMs: STALE };
    this.#scorer = stack(this.inner, recall({ store, lifetime, now: () => this.now }), remember({ store }));
  }

  ask(over: AskOptions = {}): Promise<Scores> {
    return this.#scorer.score(anAsk(over));
  }
}
