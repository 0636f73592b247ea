/**
 * Answers with the values that another process, or this one before its memory forgot them, has left in Redis; and waits for
 * those that another process has claimed and is obtaining now. Redis is optional: when it fails, a call goes on as if no value
 * were known, and the store reports the failure.
 */

import type { Lifetime } from '../cache/freshness.ts';
import { complete, lookUp } from '../cache/lookup.ts';
import type { Claimed, Known, Opened, SharedStore } from '../cache/stores.ts';
import { type ItemCall, type ItemLayer, type ItemReply, subCall } from '../calls/call.ts';
import type { Choose } from '../calls/endpoint.ts';
import { assemble } from '../calls/parts.ts';
import type { Values } from '../calls/values.ts';

export interface RedisOptions<V extends Values> {
  readonly store: SharedStore<V>;
  readonly lifetime: Lifetime;
  /** Chooses the items to send when some are missing. */
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

    /** Calls the next layer, writes its values to Redis and ends the claim, if there is one. */
    const settle = async (call: ItemCall, claim: string | undefined): Promise<ItemReply<V>> => {
      try {
        const onQueued = (answerAt: number): void => {
          if (claim !== undefined) store.expect(claim, answerAt);
          call.onQueued?.(answerAt);
        };
        const reply = await inner.answer({ ...call, onQueued });
        if (call.cache.write) {
          // Not awaited: only later calls need what is written.
          void store.write(call.identity, reply, lifetime.ttlMs + lifetime.staleMs, claim);
        }
        return reply;
      } catch (thrown) {
        if (claim !== undefined) void store.release(call.identity, claim);
        throw thrown;
      }
    };

    /**
     * Obtains the values that Redis does not know: items that no process has claimed at once, the others when their claims end.
     * @param ended claims that have certainly ended
     * @param doubted claims that have ended according to a message only: if the store still has one, it is waited for again, and
     *   then no message will do
     */
    const obtain = async (
      call: ItemCall,
      ended: readonly string[] = [],
      doubted: readonly string[] = [],
    ): Promise<ItemReply<V>> => {
      call.terms.signal.throwIfAborted();
      const claimed = await store.claim(call.identity, ended);
      return claimed === undefined ? settle(call, undefined) : proceed(call, claimed, ended, doubted);
    };

    /** Goes on with what was claimed. */
    const proceed = async (
      call: ItemCall,
      claimed: Claimed<V>,
      ended: readonly string[],
      doubted: readonly string[],
    ): Promise<ItemReply<V>> => {
      const { claim, known } = claimed;
      const { signal } = call.terms;
      if (signal.aborted && claim !== undefined) void store.release(call.identity, claim);
      signal.throwIfAborted();
      // Whatever Redis says, a claim that has certainly ended is not waited for again.
      const holders = claimed.holders.map((holder) =>
        holder !== undefined && ended.includes(holder) ? undefined : holder,
      );
      // A claim that has ended since the first read has left its values here.
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

    /** Obtains our own items and waits for the others. @param holders for each item of the call, the claim that holds it */
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

    /** Waits until the claims of other processes have ended, and then obtains the values that they have not brought. */
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
      const [ended, unsure] = [true, false].map((sure) => claims.filter((_, i) => certain[i] === sure));
      const reply = await obtain(call, ended, unsure);
      return {
        ...reply,
        sources: reply.sources.map((source) => (source === 'redis' ? 'joined' : source)),
        timing: { ...reply.timing, upstreamMs: reply.timing.upstreamMs + upstreamMs },
      };
    };

    const readIn = async (identity: ItemCall['identity']): Promise<Opened<V> | undefined> => {
      const known = await store.read(identity);
      return known && { claim: undefined, known, holders: undefined };
    };

    const answerFrom = (
      opened: Opened<V> | undefined,
      call: ItemCall,
      claims: boolean,
    ): Promise<ItemReply<V>> => {
      if (opened === undefined) return settle(call, undefined);
      const { known, claim, holders } = opened;
      if (holders !== undefined) return proceed(call, { known, claim, holders }, [], []);
      return complete(call, lookUpIn(known, call), (rest) =>
        claims ? obtain(rest) : settle(rest, undefined),
      );
    };

    return {
      async answer(call) {
        if (!call.cache.read) return settle(call, undefined);
        const started = performance.now();
        const claims = call.cache.forward && call.cache.write;
        const opened = claims ? await store.open(call.identity) : await readIn(call.identity);
        const cacheMs = performance.now() - started;
        const reply = await answerFrom(opened, call, claims);
        return { ...reply, timing: { ...reply.timing, cacheMs } };
      },
    };
  };

/**
 * Reads Redis again when a call has waited for its permit, before it is spent: another process may have stored all the values
 * meanwhile. No stale value replaces a failure here: the layers around must see the failure, to retry the call and to
 * keep calls away from an upstream that fails.
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
      const known = call.cache.read && !call.atOnce ? await store.read(call.identity) : undefined;
      if (known === undefined) return inner.answer(call);
      const looked = lookUp(known, call, { lifetime, source: 'redis', now: now(), choose });
      return complete(call, { ...looked, fallback: undefined }, (rest) => inner.answer(rest));
    },
  });
