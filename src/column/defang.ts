/**
 * Sends items that the firewall refuses without their URL schemes and markup. The milder text is an item of its own, cached
 * under its own digest: its value is never cached as the value of the original.
 */

import { hash } from 'node:crypto';
import { Blamed } from '../calls/blame.ts';
import type { ItemCall, ItemLayer, ItemReply } from '../calls/call.ts';
import type { Digests } from '../calls/digests.ts';
import { distinct } from '../calls/distinct.ts';
import { setOf } from '../calls/identity.ts';
import { type Item, textOf } from '../calls/item.ts';
import { partOf } from '../calls/parts.ts';
import type { Values } from '../calls/values.ts';

/** @param milder removes what firewalls refuse from a text; returns other texts unchanged */
export const defanged =
  <V extends Values = Float64Array>(milder: (text: string) => string): ItemLayer<V> =>
  (inner) => {
    /**
     * @param places the items known to be refused; each round adds some, so the rounds end
     * @param spent what finding them has cost upstream
     */
    const answer = async (
      call: ItemCall,
      places: ReadonlySet<number>,
      spent: number,
    ): Promise<ItemReply<V>> => {
      const texts = call.items.map((item, place) => {
        const text = textOf(item);
        return places.has(place) ? milder(text) : text;
      });
      const empty = [...places].filter((place) => texts[place] === '');
      if (empty.length > 0) throw new Blamed({ of: 'items', places: empty, suspects: [] });
      const { items, digests, positions } = distinct(texts);
      try {
        const reply = await inner.answer({ ...call, items, identity: identityOf(call, digests) });
        return { ...partOf(reply, [...positions], spent + reply.spent), defanged: [...places] };
      } catch (thrown) {
        if (!(thrown instanceof Blamed)) throw thrown;
        const blamed = new Set(blamedPlaces(thrown, call, positions));
        const more = [...blamed].filter((place) => !places.has(place));
        if (more.length === 0) throw renamed(thrown, blamed);
        return answer(call, new Set([...places, ...more]), spent + thrown.spent);
      }
    };

    const isMilder = (item: Item): boolean => milder(textOf(item)) !== textOf(item);

    /** The indices of the blamed items. Where the blame names no item, all whose text the milder form changes. */
    const blamedPlaces = ({ blame }: Blamed, call: ItemCall, positions: Uint16Array): number[] => {
      const all = [...call.items.keys()];
      if (blame.of === 'query') return [];
      if (blame.of === 'request') {
        return all.filter((place) => isMilder(call.items[place]!));
      }
      const blamed = new Set([...blame.places, ...blame.suspects]);
      return all.filter((place) => blamed.has(positions[place]!));
    };

    return {
      answer: (call) =>
        inner.answer(call).catch((thrown) => {
          if (!(thrown instanceof Blamed) || thrown.blame.of === 'query') throw thrown;
          const places = blamedPlaces(thrown, call, Uint16Array.from(call.items.keys()));
          if (places.length === 0) throw thrown;
          return answer(call, new Set(places), thrown.spent);
        }),
    };
  };

const renamed = (thrown: Blamed, places: ReadonlySet<number>): Blamed =>
  thrown.blame.of === 'items' ? new Blamed({ of: 'items', places: [...places], suspects: [] }) : thrown;

/** Where the set of items is part of the question, a changed set gets a question of its own. */
const identityOf = ({ identity }: ItemCall, digests: Digests): ItemCall['identity'] => {
  if (!identity.whole) return { ...identity, digests };
  const question = hash('sha256', `${identity.question} ${setOf(digests)}`, 'base64url').slice(0, 22);
  return { ...identity, digests, question };
};
