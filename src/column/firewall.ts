/**
 * Finds out which part of a call the firewall in front of the upstream refuses: some of its items, or its query. These are
 * named in the error, and remembered. The values of the other items are cached on the way.
 */

import type { Refused } from '../cache/refused.ts';
import { Blamed } from '../calls/blame.ts';
import type { ItemCall, ItemLayer, ItemReply } from '../calls/call.ts';
import { FirewallRefusal } from '../calls/firewall-refusal.ts';
import type { Values } from '../calls/values.ts';
import { type Found, search } from './firewall/search.ts';

const WHOLE: Found = { blame: { of: 'request' }, spent: 0 };

/** Synchronous up to the next layer, as the layers around it need. */
export const firewall =
  <V extends Values = Float64Array>(refused: Refused): ItemLayer<V> =>
  (inner) => {
    const blamed = async (call: ItemCall, refusal: FirewallRefusal): Promise<Blamed> => {
      // Where values depend on all items together, parts of the call would have other values, so there is no search.
      const { blame, spent } = call.identity.whole ? WHOLE : await search(inner, call, refusal);
      if (call.cache.write) refused.note(call.identity, blame);
      return new Blamed(blame, spent);
    };
    return {
      answer(call): Promise<ItemReply<V>> {
        const blame = call.cache.read ? refused.find(call.identity) : undefined;
        if (blame !== undefined) return Promise.reject(new Blamed(blame));
        return inner.answer(call).catch(async (thrown) => {
          throw thrown instanceof FirewallRefusal ? await blamed(call, thrown) : thrown;
        });
      },
    };
  };
