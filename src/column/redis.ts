/**
 * Answers from Redis what another process, or this one before its memory forgot, had the values of; and waits for what
 * another process is having answered just now. Redis is a helper: when it fails, a call goes on as if nothing were known, and
 * the store reports the failure to whoever watches it.
 */

import type { Lifetime } from '../cache/freshness.ts';
import { complete, lookUp } from '../cache/lookup.ts';
import type { Known, SharedStore } from '../cache/stores.ts';
import { type ItemCall, type ItemLayer, type ItemReply, subCall } from '../calls/call.ts';
import type { Choose } from '../calls/endpoint.ts';
import { assemble } from '../calls/parts.ts';
import type { Values } from '../calls/values.ts';

export interface RedisOptions<V extends Values> {
  readonly store: SharedStore<V>;
  readonly lifetime: Lifetime;
  /** Which items are asked for when some are missing. */
  readonly choose?: Choose | undefined;
  /** Epoch milliseconds: values are shared by processes, which share no other clock. */
  readonly now?: () => number;
}

export const redis =
  <V extends Values = Float64Array>({
    store,
    lifetime,
    choose,
    now = Date.now,
  }: RedisOptions<V>): ItemLayer<V> =>
  (inner) => {
    const lookUpIn = (known: Known<V>, call: ItemCall) =>
      lookUp(known, call, { lifetime, source: 'redis', now: now(), choose });

    /** Asks the next layer, and lets everybody know what it says. */
    const settle = async (call: ItemCall, claim: string | undefined): Promise<ItemReply<V>> => {
      try {
        const onQueued = (answerAt: number): void => {
          if (claim !== undefined) store.expect(claim, answerAt);
          call.onQueued?.(answerAt);
        };
        const reply = await inner.answer({ ...call, onQueued });
        if (call.cache.write) {
          // Not awaited: the answer does not wait for what only later asks need.
          void store.write(call.identity, reply, lifetime.ttlMs + lifetime.staleMs, claim);
        }
        return reply;
      } catch (thrown) {
        if (claim !== undefined) void store.release(call.identity, claim);
        throw thrown;
      }
    };

    /**
     * Has answered what Redis did not know: what nobody has taken on yet at once, the rest when those who have are done.
     * @param ended claims that have been waited for
     * @param doubted claims of which somebody said that they had ended
     */
    const obtain = async (
      call: ItemCall,
      ended: readonly string[] = [],
      doubted: readonly string[] = [],
    ): Promise<ItemReply<V>> => {
      call.terms.signal.throwIfAborted();
      const claimed = await store.claim(call.identity, ended);
      if (claimed === undefined) return settle(call, undefined);
      const { claim, known } = claimed;
      // Whatever Redis says: who has been waited for once is not waited for again.
      const holders = claimed.holders.map((holder) =>
        holder !== undefined && ended.includes(holder) ? undefined : holder,
      );
      // A claim that somebody has ended since the first look has left its values here.
      const looked = lookUpIn(known, call);
      if (claim !== undefined && looked.wanted.every((place) => holders[place] !== undefined))
        void store.release(call.identity, claim);
      return complete(call, looked, (rest, places) =>
        divide(
          rest,
          places.map((place) => holders[place]),
          claim,
          doubted,
        ),
      );
    };

    /** @param holders one for each item of the call */
    const divide = async (
      call: ItemCall,
      holders: readonly (string | undefined)[],
      claim: string | undefined,
      doubted: readonly string[],
    ): Promise<ItemReply<V>> => {
      const all = [...holders.keys()];
      const theirs = all.filter((place) => holders[place] !== undefined);
      const ours = all.filter((place) => holders[place] === undefined);
      if (theirs.length === 0) return settle(call, claim);
      const claims = [...new Set(theirs.map((place) => holders[place]!))];
      const others = afterwards(subCall(call, theirs), claims, doubted);
      if (ours.length === 0) return others;
      const [own, awaited] = await Promise.all([settle(subCall(call, ours), claim), others]);
      return assemble(all.length, [
        { places: ours, reply: own },
        { places: theirs, reply: awaited },
      ]);
    };

    /** Waits until others have it; takes over what they have not. */
    const afterwards = async (
      call: ItemCall,
      claims: readonly string[],
      doubted: readonly string[],
    ): Promise<ItemReply<V>> => {
      const started = performance.now();
      const onExpected = (answerAt: number): void => call.onQueued?.(answerAt);
      const { signal } = call.terms;
      const certain = await Promise.all(
        claims.map((claim) => store.ended(claim, signal, onExpected, doubted.includes(claim))),
      );
      const upstreamMs = performance.now() - started;
      const [ended, told] = [true, false].map((sure) => claims.filter((_, i) => certain[i] === sure));
      const reply = await obtain(call, ended, told);
      return {
        ...reply,
        sources: reply.sources.map((source) => (source === 'redis' ? 'joined' : source)),
        timing: { ...reply.timing, upstreamMs: reply.timing.upstreamMs + upstreamMs },
      };
    };

    return {
      async answer(call) {
        if (!call.cache.read) return settle(call, undefined);
        const started = performance.now();
        const known = await store.read(call.identity);
        const cacheMs = performance.now() - started;
        const claims = call.cache.forward && call.cache.write;
        const reply = await (known === undefined
          ? settle(call, undefined)
          : complete(call, lookUpIn(known, call), (rest) =>
              claims ? obtain(rest) : settle(rest, undefined),
            ));
        return { ...reply, timing: { ...reply.timing, cacheMs } };
      },
    };
  };

/**
 * Looks again when a slot is granted, before it is spent: another process may have had everything answered while this call
 * waited for it. Old values stand in for no failure here: what is around this layer has to hear of it, to make the call
 * again and to spare an upstream that is unwell.
 */
export const lookAgain =
  <V extends Values = Float64Array>({
    store,
    lifetime,
    choose,
    now = Date.now,
  }: RedisOptions<V>): ItemLayer<V> =>
  (inner) => ({
    async answer(call) {
      const known = call.cache.read ? await store.read(call.identity) : undefined;
      if (known === undefined) return inner.answer(call);
      const looked = lookUp(known, call, { lifetime, source: 'redis', now: now(), choose });
      return complete(call, { ...looked, fallback: undefined }, (rest) => inner.answer(rest));
    },
  });
