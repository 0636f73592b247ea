/**
 * Splits a call with more items than the upstream takes at once into several, or with more than a window would hold. A call whose values depend on their companions
 * is split, too: the upstream would refuse it.
 */

import type { ItemCall, ItemLayer } from '../calls/call.ts';
import type { PerCall } from '../calls/endpoint.ts';
import { sizeOf } from '../calls/estimates.ts';
import { bytesOf, type Item } from '../calls/item.ts';
import type { Values } from '../calls/values.ts';
import { inParts, type Keep } from './shared/in-parts.ts';

export const split =
  <V extends Values = Float64Array>(
    mostOf: (model: string) => PerCall,
    keep: Keep<V> = () => {},
  ): ItemLayer<V> =>
  (inner) => ({
    async answer(call) {
      const most = mostOf(call.model);
      const { items, bytes } = sizeOf(call.items);
      if (items <= most.items && bytes <= most.bytes) return inner.answer(call);
      const parts = partsOf(call.items, most).map((places) => ({
        places,
        answer: (part: ItemCall) => inner.answer(part),
      }));
      return inParts(call, parts, keep);
    },
  });

/** Indices of the items of each part, in order. An item that is larger than a part may be is one by itself. */
const partsOf = (items: readonly Item[], most: PerCall): readonly (readonly number[])[] => {
  const parts: number[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const [place, item] of items.entries()) {
    const size = bytesOf(item);
    bytes += size;
    const part = parts.at(-1);
    if (part && part.length < most.items && bytes <= most.bytes) part.push(place);
    else {
      parts.push([place]);
      bytes = size;
    }
  }
  return parts;
};
