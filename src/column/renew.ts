/** Renews in the background the values that have just answered past their freshness (RFC 5861, stale-while-revalidate). */

import { freshness, type Lifetime } from '../cache/freshness.ts';
import { type ItemLayer, type ItemReply, subCall } from '../calls/call.ts';
import type { Values } from '../calls/values.ts';
import { type BackgroundOptions, inBackground } from './background.ts';

export interface RenewOptions extends BackgroundOptions {
  readonly lifetime: Lifetime;
  /** Epoch milliseconds. */
  readonly now?: () => number;
}

export const renew =
  <V extends Values = Float64Array>({
    spare,
    maxWaitMs,
    lifetime,
    now = Date.now,
  }: RenewOptions): ItemLayer<V> =>
  (inner) => {
    /** Questions that are being renewed, so that a frequent one is renewed once. */
    const renewing = new Set<string>();
    return {
      async answer(call) {
        const reply = await inner.answer(call);
        const { question, whole } = call.identity;
        if (!reply.stale || renewing.has(question) || !spare(call.model)) return reply;
        const late = renewable(
          reply,
          (ageMs) => freshness(ageMs, lifetime, call.cache) === 'renewable',
          now(),
        );
        if (late.length === 0) return reply;
        renewing.add(question);
        const places = whole ? [...reply.takenAt.keys()] : late;
        // Redis is read, since another process may have renewed the values; those that are late there, too, are not accepted.
        const cache = {
          ...call.cache,
          maxAgeMs: Math.min(lifetime.ttlMs, call.cache.maxAgeMs),
          staleIfError: false,
        };
        inner
          .answer(inBackground(subCall(call, places), cache, maxWaitMs))
          .catch(() => {})
          .finally(() => renewing.delete(question));
        return reply;
      },
    };
  };

const renewable = (
  { takenAt }: Pick<ItemReply, 'takenAt'>,
  isLate: (ageMs: number) => boolean,
  now: number,
): number[] => [...takenAt.keys()].filter((place) => isLate(now - takenAt[place]!));
