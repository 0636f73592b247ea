/** Where the upstream limits what calls cost together: says what a call is likely to cost, and learns from what it has cost. */

import type { ItemLayer } from '../calls/call.ts';
import type { PerCall } from '../calls/endpoint.ts';
import { RerankError } from '../calls/errors.ts';
import { type Estimates, sizeOf } from '../calls/estimates.ts';
import type { Values } from '../calls/values.ts';

/** In the endpoint's billing unit, in any window; undefined: it is not limited. */
export type CostLimit = (model: string) => number | undefined;

/** Around whatever splits a call: refuses an item that would never find room, even by itself. */
export const fitting =
  <V extends Values = Float64Array>(estimates: Estimates, limitOf: CostLimit, field: string): ItemLayer<V> =>
  (inner) => ({
    async answer(call) {
      const limit = limitOf(call.model) ?? Number.POSITIVE_INFINITY;
      const cost = Math.max(...call.items.map((item) => estimates.likely(call.model, sizeOf([item]))));
      if (cost <= limit) return inner.answer(call);
      const message = `${field} has a text of about ${cost} tokens, and the model takes ${limit} a minute.`;
      throw new RerankError('invalid_request', message, { param: field });
    },
  });

/** Around what waits for a permit. */
export const estimated =
  <V extends Values = Float64Array>(estimates: Estimates, mostOf: (model: string) => PerCall): ItemLayer<V> =>
  (inner) => ({
    answer(call) {
      const { model, items, size = () => sizeOf(items) } = call;
      const likely = (): number => estimates.likely(model, size());
      const most = (): number => estimates.most(model, size());
      // A call that nobody can join has its size.
      const full = (): number =>
        call.size ? Math.max(most(), estimates.most(model, mostOf(model))) : most();
      return inner.answer({ ...call, cost: { likely, most, full } });
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
