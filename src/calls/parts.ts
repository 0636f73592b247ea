/** Replies for some items of a call, and how they are put together to the reply for all. */

import { type ItemReply, NO_TIME, type Source, type Timing } from './call.ts';
import { fill, pick, type Values } from './values.ts';

export interface Part<V extends Values = Float64Array> {
  /** Index in the call of each value's item. */
  readonly places: readonly number[];
  readonly reply: ItemReply<V>;
}

/** Puts parts together, at least one, whose places are the indices 0 to `count` − 1, each exactly once. */
export const assemble = <V extends Values>(count: number, parts: readonly Part<V>[]): ItemReply<V> => {
  const [first] = parts;
  if (first !== undefined && areAll(first.places, count)) return first.reply;
  const takenAt = new Float64Array(count);
  const sources = new Array<Source>(count);
  const values = fill(parts[0]!.reply.values, count, (write) => {
    for (const { places, reply } of parts) {
      for (const [i, place] of places.entries()) {
        write(place, reply.values[i]!);
        takenAt[place] = reply.takenAt[i]!;
        sources[place] = reply.sources[i]!;
      }
    }
  });
  const all = parts.map(({ reply }) => reply);
  return {
    values,
    takenAt,
    sources,
    spent: all.reduce((sum, { spent }) => sum + spent, 0),
    stale: all.some(({ stale }) => stale),
    stored: all.some(({ stored }) => stored),
    timing: all.map(({ timing }) => timing).reduce(longer, NO_TIME),
    rateLimit: Object.assign({}, ...all.map(({ rateLimit }) => rateLimit)),
  };
};

/** The reply for some items of a call. Its cost is not divided: `spent` is what this part is billed. */
export const partOf = <V extends Values>(
  reply: ItemReply<V>,
  places: readonly number[],
  spent: number,
): ItemReply<V> =>
  areAll(places, reply.takenAt.length)
    ? { ...reply, spent }
    : {
        ...reply,
        values: pick(reply.values, places),
        takenAt: Float64Array.from(places, (place) => reply.takenAt[place]!),
        sources: places.map((place) => reply.sources[place]!),
        spent,
      };

/** The indices of so many items. */
export const places = (count: number): number[] => {
  const all = new Array<number>(count);
  for (let place = 0; place < count; place++) all[place] = place;
  return all;
};

/** Whether these are the indices of so many items, in order. */
const areAll = (some: readonly number[], count: number): boolean =>
  some.length === count && some.every((place, i) => place === i);

/** The same values for a caller that joined the call that brought them. */
export const joined = <V extends Values>(reply: ItemReply<V>): ItemReply<V> => ({
  ...reply,
  sources: reply.sources.map((source): Source => (source === 'upstream' ? 'joined' : source)),
  spent: 0,
  stored: false,
});

/** Parts that were waited for at the same time took as long as the longest of them. */
const longer = (a: Timing, b: Timing): Timing => ({
  cacheMs: Math.max(a.cacheMs, b.cacheMs),
  queueMs: Math.max(a.queueMs, b.queueMs),
  upstreamMs: Math.max(a.upstreamMs, b.upstreamMs),
  attempts: a.attempts && b.attempts ? [...a.attempts, ...b.attempts] : (a.attempts ?? b.attempts),
  wait: (a.wait?.predictedMs ?? -1) >= (b.wait?.predictedMs ?? -1) ? a.wait : b.wait,
});
