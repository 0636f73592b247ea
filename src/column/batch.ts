/**
 * Merges calls about the same question while they wait for their permit, so that the queue's length counts questions, not
 * callers. A call that does not fit fills the one that waits, and its other items are the beginning of the next. When the
 * permit is granted, nothing is merged any more.
 *
 * A merged call that is refused for its content is split in two, and these again, until the contributors that are not the
 * cause have their answers, and the one that is has the refusal of a call that held only its own items.
 */

import type { ItemCall, ItemLayer, ItemReply } from '../calls/call.ts';
import type { PerCall } from '../calls/endpoint.ts';
import type { Values } from '../calls/values.ts';
import { sharedKey } from './flight.ts';
import { Batch } from './shared/batch.ts';
import { inParts, type Keep } from './shared/in-parts.ts';

export interface BatchOptions<V extends Values = Float64Array> {
  /** The largest size that a call may reach by merging, by its model. */
  readonly most: (model: string) => PerCall;
  /** Called when a call joins one that waits. */
  readonly onJoin?: (model: string) => void;
  readonly keep?: Keep<V>;
}

export const batch =
  <V extends Values = Float64Array>({
    most,
    onJoin = () => {},
    keep = () => {},
  }: BatchOptions<V>): ItemLayer<V> =>
  (inner) => {
    const waiting = new Map<string, Batch<V>>();
    const start = (key: string, call: ItemCall): Promise<ItemReply<V>> => {
      const batch = new Batch<V>(call, () => {
        if (waiting.get(key) === batch) waiting.delete(key);
      });
      waiting.set(key, batch);
      const reply = batch.join(call);
      void batch.run(inner);
      return reply;
    };
    return {
      answer(call) {
        // Values that depend on their companions must keep those that they have.
        const key = call.identity.whole || call.alone ? undefined : sharedKey(call);
        if (key === undefined) return inner.answer(call);
        const open = waiting.get(key);
        const room = open?.roomFor(call, most(call.model)) ?? 0;
        if (open === undefined || room === 0) return start(key, call);
        onJoin(call.model);
        if (room === call.items.length) return open.join(call);
        const places = [...call.items.keys()];
        const parts = [
          { places: places.slice(0, room), answer: (part: ItemCall) => open.join(part) },
          { places: places.slice(room), answer: (part: ItemCall) => start(key, part) },
        ];
        return inParts(call, parts, keep);
      },
    };
  };
