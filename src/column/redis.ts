/**
 * Answers from Redis what another process, or this one before its memory forgot, had scored; and waits for what another
 * process is having scored just now. Redis is a helper: when it fails, an ask goes on as if nothing were known, and the
 * store reports the failure to whoever watches it.
 */

import type { Lifetime } from '../cache/freshness.ts';
import { type Pairs, pack } from '../cache/pairs.ts';
import { complete, recollect } from '../cache/recollection.ts';
import type { PairStore } from '../cache/stores.ts';
import { assemble } from '../calls/parts.ts';
import { type Ask, type Layer, type Scores, subAsk } from '../calls/scoring.ts';

export interface RedisOptions {
  readonly store: PairStore;
  readonly lifetime: Lifetime;
  /** Epoch milliseconds: pairs are shared by processes, which share no other clock. */
  readonly now?: () => number;
}

export const redis =
  ({ store, lifetime, now = Date.now }: RedisOptions): Layer =>
  (inner) => {
    const recollectFrom = (pairs: Pairs, ask: Ask) =>
      recollect(pairs, ask, { lifetime, source: 'redis', now: now() });

    /** Asks the next layer, and lets everybody know what it says. */
    const settle = async (ask: Ask, claim: string | undefined): Promise<Scores> => {
      const { question, digests } = ask.identity;
      try {
        const onQueued = (answerAt: number): void => {
          if (claim !== undefined) store.expect(claim, answerAt);
          ask.onQueued?.(answerAt);
        };
        const scores = await inner.score({ ...ask, onQueued });
        if (ask.cache.write) {
          const pairs = pack(digests, scores.values, scores.scoredAt);
          // Not awaited: the answer does not wait for what only later asks need.
          void store.write(question, pairs, lifetime.ttlMs + lifetime.staleMs, claim);
        }
        return scores;
      } catch (thrown) {
        if (claim !== undefined) void store.release(question, claim);
        throw thrown;
      }
    };

    /** Scores what Redis did not know: what nobody has taken on yet at once, the rest when those who have are done. */
    /** @param doubted claims of which somebody said that they had ended */
    const obtain = async (
      ask: Ask,
      ended: readonly string[] = [],
      doubted: readonly string[] = [],
    ): Promise<Scores> => {
      ask.terms.signal.throwIfAborted();
      const claimed = await store.claim(ask.identity.question, ask.identity.digests, ended);
      if (claimed === undefined) return settle(ask, undefined);
      const { claim, pairs } = claimed;
      // Whatever Redis says: who has been waited for once is not waited for again.
      const holders = claimed.holders.map((holder) =>
        holder !== undefined && ended.includes(holder) ? undefined : holder,
      );
      // A claim that somebody has ended since the first look has left its scores here.
      const recollection = recollectFrom(pairs, ask);
      if (claim !== undefined && recollection.wanted.every((place) => holders[place] !== undefined))
        void store.release(ask.identity.question, claim);
      return complete(ask, recollection, (rest, places) =>
        divide(
          rest,
          places.map((place) => holders[place]),
          claim,
          doubted,
        ),
      );
    };

    /** @param holders one for each document of the ask */
    const divide = async (
      ask: Ask,
      holders: readonly (string | undefined)[],
      claim: string | undefined,
      doubted: readonly string[],
    ): Promise<Scores> => {
      const all = [...holders.keys()];
      const theirs = all.filter((place) => holders[place] !== undefined);
      const ours = all.filter((place) => holders[place] === undefined);
      if (theirs.length === 0) return settle(ask, claim);
      const claims = [...new Set(theirs.map((place) => holders[place]!))];
      const others = afterwards(subAsk(ask, theirs), claims, doubted);
      if (ours.length === 0) return others;
      const [own, awaited] = await Promise.all([settle(subAsk(ask, ours), claim), others]);
      return assemble(all.length, [
        { places: ours, scores: own },
        { places: theirs, scores: awaited },
      ]);
    };

    /** Waits until others have scored it; takes over what they have not. */
    const afterwards = async (
      ask: Ask,
      claims: readonly string[],
      doubted: readonly string[],
    ): Promise<Scores> => {
      const started = performance.now();
      const onExpected = (answerAt: number): void => ask.onQueued?.(answerAt);
      const { signal } = ask.terms;
      const certain = await Promise.all(
        claims.map((claim) => store.ended(claim, signal, onExpected, doubted.includes(claim))),
      );
      const upstreamMs = performance.now() - started;
      const [ended, told] = [true, false].map((sure) => claims.filter((_, i) => certain[i] === sure));
      const scores = await obtain(ask, ended, told);
      return {
        ...scores,
        sources: scores.sources.map((source) => (source === 'redis' ? 'joined' : source)),
        timing: { ...scores.timing, upstreamMs: scores.timing.upstreamMs + upstreamMs },
      };
    };

    return {
      async score(ask) {
        if (!ask.cache.read) return settle(ask, undefined);
        const started = performance.now();
        const pairs = await store.read(ask.identity.question);
        const cacheMs = performance.now() - started;
        const recollection = recollectFrom(pairs ?? new Float64Array(), ask);
        const claims = pairs !== undefined && ask.cache.forward && ask.cache.write;
        const scores = await complete(ask, recollection, (rest) =>
          claims ? obtain(rest) : settle(rest, undefined),
        );
        return { ...scores, timing: { ...scores.timing, cacheMs } };
      },
    };
  };

/**
 * Looks again when a slot is granted, before it is spent: another process may have scored everything while this call
 * waited for it. Old scores stand in for no failure here: what is around this layer has to hear of it, to make the call
 * again and to spare an upstream that is unwell.
 */
export const lookAgain =
  ({ store, lifetime, now = Date.now }: RedisOptions): Layer =>
  (inner) => ({
    async score(ask) {
      const pairs = ask.cache.read ? await store.read(ask.identity.question) : undefined;
      if (pairs === undefined) return inner.score(ask);
      const recollection = recollect(pairs, ask, { lifetime, source: 'redis', now: now() });
      return complete(ask, { ...recollection, standIn: undefined }, (rest) => inner.score(rest));
    },
  });
