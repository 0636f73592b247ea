/**
 * Answers from memory. Reading and filling are two layers, since they stand on two sides of the flight: reading
 * before it, so that a hit costs nothing; filling inside it, so that memory knows a score before the flight's entry
 * goes, and no caller can fall between the two.
 */

import type { Lifetime } from '../cache/freshness.ts';
import { pack } from '../cache/pairs.ts';
import { complete, recollect } from '../cache/recollection.ts';
import type { MemoryStore } from '../cache/stores.ts';
import type { Layer } from '../calls/scoring.ts';

export interface MemoryOptions {
  readonly store: MemoryStore;
  readonly lifetime: Lifetime;
  /** Epoch milliseconds. */
  readonly now?: () => number;
}

/** Reads memory. Synchronous up to the next layer, so that look-up and joining a flight are one step. */
export const recall =
  ({ store, lifetime, now = Date.now }: MemoryOptions): Layer =>
  (inner) => ({
    score(ask) {
      const pairs = ask.cache.read ? store.get(ask.identity.question) : undefined;
      if (pairs === undefined) return inner.score(ask);
      const recollection = recollect(pairs, ask, { lifetime, source: 'memory', now: now() });
      return complete(ask, recollection, (rest) => inner.score(rest));
    },
  });

/** Fills memory with what comes back through it, be it from Redis or from upstream, each score with its own age. */
export const remember =
  ({ store }: Pick<MemoryOptions, 'store'>): Layer =>
  (inner) => ({
    async score(ask) {
      const scores = await inner.score(ask);
      if (!ask.cache.write) return scores;
      const { question, digests } = ask.identity;
      store.add(question, pack(digests, scores.values, scores.scoredAt));
      return { ...scores, stored: scores.sources.includes('upstream') };
    },
  });
