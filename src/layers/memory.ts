/**
 * Answers from memory. Reading and filling are two layers, since they stand on two sides of the flight: reading
 * before it, so that a hit costs nothing; filling inside it, so that memory knows a score before the flight's entry
 * goes, and no caller can fall between the two.
 */

import type { Entry } from '../rerank/entry.ts';
import { toRerankError } from '../rerank/errors.ts';
import { freshness, type Lifetime } from '../rerank/freshness.ts';
import { fromCanonical, toCanonical } from '../rerank/identity.ts';
import { type Ask, cachedScores, type Layer, type Scores } from '../rerank/scoring.ts';

export interface MemoryStore {
  get(key: string): Entry | undefined;
  set(key: string, entry: Entry): void;
}

export interface MemoryOptions extends Lifetime {
  readonly store: MemoryStore;
  /** Epoch milliseconds. */
  readonly now?: () => number;
}

/** Runs `attempt`; when the upstream fails it and `entry` may stand in, answers with that. */
export const orStale = async (
  entry: Entry,
  ask: Ask,
  source: 'memory' | 'redis',
  attempt: () => Promise<Scores>,
): Promise<Scores> => {
  try {
    return await attempt();
  } catch (thrown) {
    if (!toRerankError(thrown).rule.staleIfError) throw thrown;
    return {
      ...cachedScores(fromCanonical(entry.values, ask.identity), entry.scoredAt, source),
      stale: true,
    };
  }
};

/** Reads memory. Synchronous up to the next layer, so that look-up and joining a flight are one step. */
export const recall =
  ({ store, now = Date.now, ...lifetime }: MemoryOptions): Layer =>
  (inner) => ({
    score(ask) {
      const entry = ask.cache.read ? store.get(ask.identity.key) : undefined;
      if (entry === undefined) return inner.score(ask);
      switch (freshness(now() - entry.scoredAt, lifetime, ask.cache)) {
        case 'fresh':
          return Promise.resolve(
            cachedScores(fromCanonical(entry.values, ask.identity), entry.scoredAt, 'memory'),
          );
        case 'stale':
          return orStale(entry, ask, 'memory', () => inner.score(ask));
        case 'unusable':
          return inner.score(ask);
      }
    },
  });

/** Fills memory with what comes back through it, be it from Redis or from upstream, but never with a stale score. */
export const remember =
  ({ store }: { readonly store: MemoryStore }): Layer =>
  (inner) => ({
    async score(ask) {
      const scores = await inner.score(ask);
      if (!ask.cache.write || scores.stale) return scores;
      store.set(ask.identity.key, {
        values: toCanonical(scores.values, ask.identity),
        scoredAt: scores.scoredAt,
      });
      return { ...scores, stored: scores.sources.includes('upstream') };
    },
  });
