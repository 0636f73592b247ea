/** Splits a call with more items than the upstream takes at once into several. */

import { type ItemLayer, subCall } from '../calls/call.ts';
import type { PerCall } from '../calls/endpoint.ts';
import { assemble } from '../calls/parts.ts';
import type { Values } from '../calls/values.ts';

export const split =
  <V extends Values = Float64Array>({ items: most }: Pick<PerCall, 'items'>): ItemLayer<V> =>
  (inner) => ({
    async answer(call) {
      const count = call.items.length;
      // Values that depend on their companions must come from one call; the upstream decides whether it takes one so large.
      if (count <= most || call.identity.whole) return inner.answer(call);
      const parts = Array.from({ length: Math.ceil(count / most) }, (_, part) =>
        Array.from({ length: Math.min(most, count - part * most) }, (_, i) => part * most + i),
      );
      const replies = await Promise.all(parts.map((places) => inner.answer(subCall(call, places))));
      return assemble(
        count,
        replies.map((reply, i) => ({ places: parts[i]!, reply })),
      );
    },
  });
