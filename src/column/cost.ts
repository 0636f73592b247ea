/** Says what a call is likely to cost while it waits for its permit, and learns from what it has cost. */

import type { ItemLayer } from '../calls/call.ts';
import { type Estimates, sizeOf } from '../calls/estimates.ts';
import type { Values } from '../calls/values.ts';

/** Around what waits for a permit. */
export const estimated =
  <V extends Values = Float64Array>(estimates: Estimates): ItemLayer<V> =>
  (inner) => ({
    answer(call) {
      const { model, items, size = () => sizeOf(items) } = call;
      return inner.answer({ ...call, cost: () => estimates.of(model, size()) });
    },
  });

/** Around the call itself, whose items are known by then. */
export const learned =
  <V extends Values = Float64Array>(estimates: Estimates): ItemLayer<V> =>
  (inner) => ({
    async answer(call) {
      const reply = await inner.answer(call);
      estimates.learn(call.model, sizeOf(call.items), reply.spent);
      return reply;
    },
  });
