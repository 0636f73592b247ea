/**
 * Answers from Redis what another process, or this one before its memory forgot, had scored. Redis is a helper: when
 * it fails, an ask goes on as if nothing were known, and the store reports the failure to whoever watches it.
 */

import { decodeEntry, type Entry, encodeEntry } from '../rerank/entry.ts';
import { freshness, type Lifetime } from '../rerank/freshness.ts';
import { fromCanonical, toCanonical } from '../rerank/identity.ts';
import { type Ask, cachedScores, type Layer, type Scores } from '../rerank/scoring.ts';
import { orStale } from './memory.ts';

/** A byte store. Neither method rejects: what fails is absent, or not kept. */
export interface ByteStore {
  get(key: string): Promise<Buffer | undefined>;
  /** @param ttlMs after which the store may forget the value */
  set(key: string, value: Buffer, ttlMs: number): Promise<void>;
}

export interface RedisOptions extends Lifetime {
  readonly store: ByteStore;
  /** Epoch milliseconds: entries are shared by processes, which share no other clock. */
  readonly now?: () => number;
}

export const redis =
  ({ store, now = Date.now, ...lifetime }: RedisOptions): Layer =>
  (inner) => {
    const read = async (ask: Ask): Promise<Entry | undefined> => {
      const bytes = await store.get(ask.identity.key);
      return bytes && decodeEntry(bytes, ask.documents.length);
    };

    const forward = async (ask: Ask): Promise<Scores> => {
      const scores = await inner.score(ask);
      if (ask.cache.write && !scores.stale) {
        const values = toCanonical(scores.values, ask.identity);
        const bytes = encodeEntry({ values, scoredAt: scores.scoredAt });
        // Not awaited: the answer does not wait for what only later asks need.
        void store.set(ask.identity.key, bytes, lifetime.ttlMs + lifetime.staleMs);
      }
      return scores;
    };

    return {
      async score(ask) {
        if (!ask.cache.read) return forward(ask);
        const started = performance.now();
        const entry = await read(ask);
        const cacheMs = performance.now() - started;
        const timed = ({ timing, ...scores }: Scores): Scores => ({
          ...scores,
          timing: { ...timing, cacheMs },
        });

        switch (entry ? freshness(now() - entry.scoredAt, lifetime, ask.cache) : 'unusable') {
          case 'fresh':
            return timed(cachedScores(fromCanonical(entry!.values, ask.identity), entry!.scoredAt, 'redis'));
          case 'stale':
            return timed(await orStale(entry!, ask, 'redis', () => forward(ask)));
          case 'unusable':
            return timed(await forward(ask));
        }
      },
    };
  };
