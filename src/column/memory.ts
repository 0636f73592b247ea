/**
 * Answers from memory. Reading and filling are two layers, on the two sides of the flight: reading before it, so that a
 * hit costs nothing; filling inside it, so that memory has a value before the flight's entry is removed, and no call can
 * miss both.
 */

import { freshness, type Lifetime } from '../cache/freshness.ts';
import { cached, complete, lookUp } from '../cache/lookup.ts';
import type { MemoryStore } from '../cache/stores.ts';
import type { ItemCall, ItemLayer, ItemReply } from '../calls/call.ts';
import type { Choose } from '../calls/endpoint.ts';
import type { Values } from '../calls/values.ts';

export interface MemoryOptions<V extends Values> {
  readonly store: MemoryStore<V>;
  readonly lifetime: Lifetime;
  /** Chooses the items to send when some are missing. */
  readonly choose?: Choose | undefined;
  /** Epoch milliseconds. */
  readonly now?: () => number;
}

/** Reads memory. Synchronous up to the next layer, so that the look-up and joining a flight are one step. */
export const recall =
  <V extends Values = Float64Array>({
    store,
    lifetime,
    choose,
    now = Date.now,
  }: MemoryOptions<V>): ItemLayer<V> =>
  (inner) => ({
    answer(call) {
      const found = call.cache.read ? store.find(call.identity) : undefined;
      if (found === undefined) return inner.answer(call);
      const looked = lookUp(found, call, { lifetime, source: 'memory', now: now(), choose });
      return complete(call, looked, (rest) => inner.answer(rest));
    },
  });

/** What makes the answer to a call out of memory alone. */
export type MemoryLookup = Pick<ItemCall, 'model' | 'identity' | 'cache'>;

/**
 * Answers at once what memory knows all of, and none of it late. Anything else is for the column.
 * @returns undefined for what is not to be answered so
 */
export const memoryHit =
  <V extends Values>({ store, lifetime, now = Date.now }: MemoryOptions<V>) =>
  ({ cache, identity }: MemoryLookup): ItemReply<V> | undefined => {
    const found = cache.read ? store.find(identity) : undefined;
    if (found === undefined) return undefined;
    const at = now();
    // Of an unknown value the time is NaN.
    const isFresh = (takenAt: number): boolean => freshness(at - takenAt, lifetime, cache) === 'fresh';
    return found.takenAt.every(isFresh) ? cached(found, 'memory') : undefined;
  };

/** Fills memory with the values that come back, from Redis or from upstream, each with its own age. */
export const remember =
  <V extends Values = Float64Array>({ store }: Pick<MemoryOptions<V>, 'store'>): ItemLayer<V> =>
  (inner) => ({
    async answer(call) {
      const reply = await inner.answer(call);
      if (!call.cache.write) return reply;
      store.add(call.identity, reply.values, reply.takenAt);
      return { ...reply, stored: reply.sources.includes('upstream') };
    },
  });
