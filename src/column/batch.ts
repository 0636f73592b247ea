/**
 * A call that still waits for its slot takes in whatever else is asked about the same question: the queue's length counts
 * questions, not callers. When the slot is granted, it closes.
 *
 * A call that is refused for what it holds falls apart into two, and these again, until each of its contributors has an answer
 * from a call without the one that is to blame, and that one has the refusal of a call that held nothing but its own.
 */

import type { ItemLayer } from '../calls/call.ts';
import type { PerCall } from '../calls/endpoint.ts';
import type { Values } from '../calls/values.ts';
import { sharedKey } from './flight.ts';
import { Batch } from './shared/batch.ts';

export interface BatchOptions {
  /** What others may bring a call to. */
  readonly most: PerCall;
  /** Told when a call joins one that waits. */
  readonly onJoin?: (model: string) => void;
}

export const batch =
  <V extends Values = Float64Array>({ most, onJoin = () => {} }: BatchOptions): ItemLayer<V> =>
  (inner) => {
    const waiting = new Map<string, Batch<V>>();
    return {
      answer(call) {
        // Values that depend on companions must not get new ones.
        const key = call.identity.whole || call.alone ? undefined : sharedKey(call);
        if (key === undefined) return inner.answer(call);
        const open = waiting.get(key);
        if (open?.hasRoomFor(call, most)) {
          onJoin(call.model);
          return open.join(call);
        }
        const batch = new Batch<V>(call, () => {
          if (waiting.get(key) === batch) waiting.delete(key);
        });
        waiting.set(key, batch);
        const reply = batch.join(call);
        void batch.run(inner);
        return reply;
      },
    };
  };
