/**
 * Splits a call with more items than the upstream takes at once into several. A call whose values depend on their companions
 * is split, too: the upstream would refuse it.
 */

import type { ItemCall, ItemLayer } from '../calls/call.ts';
import type { PerCall } from '../calls/endpoint.ts';
import type { Values } from '../calls/values.ts';
import { inParts, type Keep } from './shared/in-parts.ts';

export const split =
  <V extends Values = Float64Array>(
    { items: most }: Pick<PerCall, 'items'>,
    keep: Keep<V> = () => {},
  ): ItemLayer<V> =>
  (inner) => ({
    async answer(call) {
      const count = call.items.length;
      if (count <= most) return inner.answer(call);
      const parts = Array.from({ length: Math.ceil(count / most) }, (_, part) => ({
        places: Array.from({ length: Math.min(most, count - part * most) }, (_, i) => part * most + i),
        answer: (part: ItemCall) => inner.answer(part),
      }));
      return inParts(call, parts, keep);
    },
  });
