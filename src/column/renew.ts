/** Scores anew, in the background, what has just answered past its freshness (RFC 5861, stale-while-revalidate). */

import { freshness, type Lifetime } from '../cache/freshness.ts';
import { type Layer, type Scores, subAsk } from '../calls/scoring.ts';
import { type BackgroundOptions, inBackground } from './background.ts';

export interface RenewOptions extends BackgroundOptions {
  readonly lifetime: Lifetime;
  /** Epoch milliseconds. */
  readonly now?: () => number;
}

export const renew =
  ({ spare, maxWaitMs, lifetime, now = Date.now }: RenewOptions): Layer =>
  (inner) => {
    /** Questions that are being renewed. What is asked all the time is renewed once. */
    const renewing = new Set<string>();
    return {
      async score(ask) {
        const scores = await inner.score(ask);
        const { question, whole } = ask.identity;
        if (!scores.stale || renewing.has(question) || !spare(ask.model)) return scores;
        const late = renewable(
          scores,
          (ageMs) => freshness(ageMs, lifetime, ask.cache) === 'renewable',
          now(),
        );
        if (late.length === 0) return scores;
        renewing.add(question);
        const places = whole ? [...scores.values.keys()] : late;
        // Not a score that is late, too: another process may have renewed them, but Redis may know only these.
        const cache = {
          ...ask.cache,
          maxAgeMs: Math.min(lifetime.ttlMs, ask.cache.maxAgeMs),
          staleIfError: false,
        };
        inner
          .score(inBackground(subAsk(ask, places), cache, maxWaitMs))
          .catch(() => {})
          .finally(() => renewing.delete(question));
        return scores;
      },
    };
  };

const renewable = ({ scoredAt }: Scores, isLate: (ageMs: number) => boolean, now: number): number[] =>
  [...scoredAt.keys()].filter((place) => isLate(now - scoredAt[place]!));
