/** Both memory layers around a scorer that answers at once, on a clock that the test moves. */

import { memoryStore } from '../../src/cache/memory-store.ts';
import type { Ask, Scorer, Scores } from '../../src/calls/scoring.ts';
import { recall, remember } from '../../src/column/memory.ts';
import { type AskOptions, anAsk, InstantScorer, scoresOf, stack } from '../support/fakes.ts';

/** Milliseconds for which a score is fresh, then answers at once though it is late, and then only instead of an error. */
export const TTL = 1000;
export const LATE = 100;
export const STALE = 500;
export const LIFETIME = { ttlMs: TTL, staleMs: STALE };

export class Memories {
  /** Epoch milliseconds. */
  now = 1_700_000_000_000;
  readonly inner = new InstantScorer();
  readonly store = memoryStore(1_000_000);
  readonly #scorer: Scorer;

  constructor() {
    this.inner.respond = (ask) => scoresOf(ask, { scoredAt: this.now });
    const { store } = this;
    this.#scorer = stack(
      this.inner,
      recall({ store, lifetime: LIFETIME, now: () => this.now }),
      remember({ store }),
    );
  }

  ask(over: AskOptions = {}): Promise<Scores> {
    return this.score(anAsk(over));
  }

  score(ask: Ask): Promise<Scores> {
    return this.#scorer.score(ask);
  }
}

/** As many of the same as an ask without wishes has documents. */
export const three = <T>(value: T): T[] => [value, value, value];

export const at = (moment: number): Float64Array => Float64Array.from(three(moment));
