/**
 * Finds the items of a call that the firewall refuses, by halving: both halves of a refused group are sent, then both halves
 * of each half that is refused. The values of groups that pass are cached like any others.
 */

import type { Blame } from '../../calls/blame.ts';
import { type ItemCall, type ItemService, subCall } from '../../calls/call.ts';
import { Digests } from '../../calls/digests.ts';
import { FirewallRefusal } from '../../calls/firewall-refusal.ts';
import type { Values } from '../../calls/values.ts';

/** The most calls of one search: a fifth of a minute's. One refused item of a thousand takes about twenty. */
const MOST_CALLS = 50;

/** Groups that are halved at the same time, the smallest first, so that some items are found however many are refused. */
const AT_ONCE = 2;

/** More urgent than callers can ask for: this caller has waited for its turn already. */
const FIRST = -1;

/** An item that no firewall refuses, to test the query with. */
const HARMLESS = 'A document.';

export interface Found {
  readonly blame: Blame;
  /** What the search has cost upstream. */
  readonly spent: number;
}

/** Indices of items that were refused together. */
type Group = readonly number[];

/** @param refusal of the call. Rejects with any other error that it meets. */
export const search = async <V extends Values>(
  inner: ItemService<V>,
  call: ItemCall,
  refusal: FirewallRefusal,
): Promise<Found> => {
  const { client, deadline, signal } = call.terms;
  const terms = { client, urgency: FIRST, deadline, signal };
  const places: number[] = [];
  let groups: Group[] = [heldBy(refusal, call, [...call.items.keys()])];
  let queryPasses = false;
  let calls = 0;
  let spent = 0;

  /** Sends a group. Returns the refused items: none, or all of the group that the refused call held. */
  const refusedOf = async (group: Group): Promise<Group> => {
    calls++;
    try {
      const reply = await inner.answer({ ...subCall(call, group), terms, alone: true });
      spent += reply.spent;
      queryPasses = true;
      return [];
    } catch (thrown) {
      if (thrown instanceof FirewallRefusal) return heldBy(thrown, call, group);
      throw thrown;
    }
  };

  while (groups.length > 0) {
    groups.sort((a, b) => a.length - b.length);
    // As long as no group has passed, the query may be the cause.
    if (call.query !== '' && !queryPasses && (calls > 0 || groups[0]!.length === 1)) {
      if (await isRefused(inner, { ...call, terms })) return { blame: { of: 'query' }, spent };
      queryPasses = true;
    }
    places.push(...groups.filter((group) => group.length === 1).flat());
    groups = groups.filter((group) => group.length > 1);
    const halves = groups.splice(0, AT_ONCE).flatMap(halved);
    if (calls + halves.length > MOST_CALLS) {
      groups = [...halves, ...groups];
      break;
    }
    const refused = await all(halves.map(refusedOf));
    groups.push(...refused.filter((group) => group.length > 0));
  }
  const suspects = ascending(groups.flat());
  return { blame: { of: 'items', places: ascending(places), suspects }, spent };
};

/** The items of a group that the refused call held: the others were cached, or came with other calls. */
const heldBy = ({ digests }: FirewallRefusal, call: ItemCall, group: Group): Group => {
  const names = new Set(Array.from({ length: digests.count }, (_, i) => digests.nameOf(i)));
  const held = group.filter((place) => names.has(call.identity.digests.nameOf(place)));
  return held.length > 0 ? held : group;
};

/** Whether the query is refused with any item. Never read from a cache, but searches at the same time share one call. */
const isRefused = async <V extends Values>(inner: ItemService<V>, call: ItemCall): Promise<boolean> => {
  const items = [HARMLESS];
  const identity = { ...call.identity, digests: Digests.of(items) };
  const cache = { ...call.cache, read: false };
  try {
    await inner.answer({ ...call, items, identity, cache, alone: true });
    return false;
  } catch (thrown) {
    if (thrown instanceof FirewallRefusal) return true;
    throw thrown;
  }
};

const halved = (group: Group): Group[] => {
  const middle = Math.ceil(group.length / 2);
  return [group.slice(0, middle), group.slice(middle)];
};

/** `Promise.all` that waits for all even when one fails, so that the values of the others are cached. */
const all = async <T>(promises: readonly Promise<T>[]): Promise<T[]> => {
  await Promise.allSettled(promises);
  return Promise.all(promises);
};

const ascending = (numbers: readonly number[]): number[] => [...numbers].sort((a, b) => a - b);
