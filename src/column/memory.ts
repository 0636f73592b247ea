/**
 * Answers from memory. Reading and filling are two layers, since they stand on two sides of the flight: reading
 * before it, so that a hit costs nothing; filling inside it, so that memory knows a value before the flight's entry
 * goes, and no caller can fall between the two.
 */

import type { Lifetime } from '../cache/freshness.ts';
import { complete, lookUp } from '../cache/lookup.ts';
import type { MemoryStore } from '../cache/stores.ts';
import type { ItemLayer } from '../calls/call.ts';
import type { Choose } from '../calls/endpoint.ts';
import type { Values } from '../calls/values.ts';

export interface MemoryOptions<V extends Values> {
  readonly store: MemoryStore<V>;
  readonly lifetime: Lifetime;
  /** Which items are asked for when some are missing. */
  readonly choose?: Choose | undefined;
  /** Epoch milliseconds. */
  readonly now?: () => number;
}

/** Reads memory. Synchronous up to the next layer, so that look-up and joining a flight are one step. */
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

/** Fills memory with what comes back through it, be it from Redis or from upstream, each value with its own age. */
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
