/**
 * Merges calls about the same question while they wait for their permit, so that the queue's length counts questions, not
 * callers. When the permit is granted, nothing is merged any more.
 *
 * A merged call that is refused for its content is split in two, and these again, until the contributors that are not the
 * cause have their answers, and the one that is has the refusal of a call that held only its own items.
 */

import type { ItemLayer } from '../calls/call.ts';
import type { PerCall } from '../calls/endpoint.ts';
import type { Values } from '../calls/values.ts';
import { sharedKey } from './flight.ts';
import { Batch } from './shared/batch.ts';

export interface BatchOptions {
  /** The largest size that a call may reach by merging. */
  readonly most: PerCall;
  /** Called when a call joins one that waits. */
  readonly onJoin?: (model: string) => void;
}

export const batch =
  <V extends Values = Float64Array>({ most, onJoin = () => {} }: BatchOptions): ItemLayer<V> =>
  (inner) => {
    const waiting = new Map<string, Batch<V>>();
    return {
      answer(call) {
        // Values that depend on their companions must keep those that they have.
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
