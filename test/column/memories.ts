/** Both memory layers around a scorer that answers at once, on a clock that the test moves. */

import { memoryByQuestion } from '../../src/cache/by-question.ts';
import { memoryStore } from '../../src/cache/memory-store.ts';
import type { ItemCall, ItemReply, Service } from '../../src/calls/call.ts';
import { recall, remember } from '../../src/column/memory.ts';
import { RERANK } from '../../src/endpoints/rerank/endpoint.ts';
import { aCall, type CallOptions, InstantScorer, scoresOf, stack } from '../support/fakes.ts';

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
  readonly #scorer: Service;

  constructor() {
    this.inner.respond = (ask) => scoresOf(ask, { takenAt: this.now });
    const store = memoryByQuestion(this.store);
    this.#scorer = stack(
      this.inner,
      recall({ store, lifetime: LIFETIME, choose: RERANK.choose, now: () => this.now }),
      remember({ store }),
    );
  }

  ask(over: CallOptions = {}): Promise<ItemReply> {
    return this.score(aCall(over));
  }

  score(ask: ItemCall): Promise<ItemReply> {
    return this.#scorer.answer(ask);
  }
}

/** As many of the same as an ask without wishes has documents. */
export const three = <T>(value: T): T[] => [value, value, value];

export const at = (moment: number): Float64Array => Float64Array.from(three(moment));
