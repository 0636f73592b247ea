/** What a cache tier knows of a call, and how the rest is obtained: the same for every tier. */

import { type ItemCall, type ItemReply, NO_TIME, type Source, subCall } from '../calls/call.ts';
import type { Choose } from '../calls/endpoint.ts';
import { toRerankError } from '../calls/errors.ts';
import { assemble } from '../calls/parts.ts';
import { pick, type Values } from '../calls/values.ts';
import { freshness, type Lifetime } from './freshness.ts';
import type { Known } from './stores.ts';

export interface Lookup<V extends Values> {
  /** Indices of the items that can be answered at once, and the reply for them. */
  readonly known: readonly number[];
  readonly reply: ItemReply<V>;
  /** Indices of the items to obtain, in the call's order. */
  readonly wanted: readonly number[];
  /** The reply for all items when the upstream fails; undefined when a value is unknown or too old. */
  readonly fallback: ItemReply<V> | undefined;
}

export interface LookupOptions {
  readonly lifetime: Lifetime;
  readonly source: Source;
  /** Epoch milliseconds. */
  readonly now: number;
  /** Chooses the items to send when some are missing; by default the missing ones. */
  readonly choose?: Choose | undefined;
}

/** Sorts the items of a call by what a tier knows of them. */
export const lookUp = <V extends Values>(
  found: Known<V>,
  call: ItemCall,
  options: LookupOptions,
): Lookup<V> => {
  const { lifetime, source, now, choose = ({ missing }) => missing } = options;
  const known: number[] = [];
  const missing: number[] = [];
  const late = new Set<number>();
  let complete = true;
  for (const [place, at] of found.takenAt.entries()) {
    const state = Number.isNaN(at) ? 'unusable' : freshness(now - at, lifetime, call.cache);
    if (state === 'fresh' || state === 'renewable') known.push(place);
    else missing.push(place);
    if (state === 'renewable') late.add(place);
    if (state === 'unusable') complete = false;
  }
  const all = (): ItemReply<V> => cached(found, source);
  if (missing.length === 0) {
    return { known, reply: { ...all(), stale: late.size > 0 }, wanted: [], fallback: undefined };
  }

  const some = (places: readonly number[]): ItemReply<V> => ({
    ...cached(
      {
        values: pick(found.values, places),
        takenAt: Float64Array.from(places, (place) => found.takenAt[place]!),
      },
      source,
    ),
    stale: places.some((place) => late.has(place)),
  });
  const fallback = complete ? { ...all(), stale: true } : undefined;
  const places = [...found.takenAt.keys()];
  // Values that depend on their companions are obtained all together, or not at all.
  if (call.identity.whole) return { known: [], reply: some([]), wanted: places, fallback };
  const aged = known.map((index) => ({ index, ageMs: now - found.takenAt[index]! }));
  const asked = new Set(choose({ call, missing, known: aged, ttlMs: lifetime.ttlMs }));
  const kept = known.filter((place) => !asked.has(place));
  return { known: kept, reply: some(kept), wanted: places.filter((place) => asked.has(place)), fallback };
};

/**
 * Answers a call from what was looked up, and the rest of it from `obtain`, which is called synchronously or not at all.
 * @param obtain receives the rest as a call, and the index in the original call of each of its items
 */
export const complete = <V extends Values>(
  call: ItemCall,
  { known, reply, wanted, fallback }: Lookup<V>,
  obtain: (rest: ItemCall, places: readonly number[]) => Promise<ItemReply<V>>,
): Promise<ItemReply<V>> => {
  if (wanted.length === 0) return Promise.resolve(reply);
  const isAll = known.length === 0 && wanted.every((place, i) => place === i);
  return obtain(isAll ? call : subCall(call, wanted), wanted).then(
    (obtained) =>
      isAll
        ? obtained
        : assemble(call.items.length, [
            { places: known, reply },
            { places: wanted, reply: obtained },
          ]),
    (thrown) => {
      if (fallback === undefined || !toRerankError(thrown).rule.staleIfError) throw thrown;
      return fallback;
    },
  );
};

/** The reply from a tier that knows all values. */
export const cached = <V extends Values>({ values, takenAt }: Known<V>, source: Source): ItemReply<V> => ({
  values,
  takenAt,
  sources: new Array<Source>(takenAt.length).fill(source),
  spent: 0,
  stale: false,
  stored: false,
  timing: NO_TIME,
  rateLimit: {},
});
