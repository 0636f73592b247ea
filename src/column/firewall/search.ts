/**
 * Which documents of an ask the firewall refuses, found by halving: both halves of what was refused are asked for, and
 * again both halves of each that is refused. What is not refused has its scores by then, in the caches like any other.
 */

import type { Blame } from '../../calls/blame.ts';
import { Digests } from '../../calls/digests.ts';
import { FirewallRefusal } from '../../calls/firewall-refusal.ts';
import { type Ask, type Scorer, subAsk } from '../../calls/scoring.ts';

/** Calls that one search may cost: a fifth of a minute's. One document of a thousand is found with twenty. */
const MOST_CALLS = 50;

/** Groups that are halved at the same time, the smallest first: so that something is found, however many are refused. */
const AT_ONCE = 2;

/** More urgent than what callers can ask for: this caller has waited for its turn already. */
const FIRST = -1;

/** What no firewall minds, to ask whether it minds the query. */
const HARMLESS = 'A document.';

export interface Found {
  readonly blame: Blame;
  /** What it cost upstream. */
  readonly searchUnits: number;
}

/** Places of an ask that were refused together. */
type Group = readonly number[];

/** @param refusal what the ask has met. Rejects with whatever else goes wrong on the way. */
export const search = async (inner: Scorer, ask: Ask, refusal: FirewallRefusal): Promise<Found> => {
  const terms = { ...ask.terms, urgency: FIRST };
  const places: number[] = [];
  let groups: Group[] = [heldBy(refusal, ask, [...ask.documents.keys()])];
  let queryPasses = false;
  let calls = 0;
  let searchUnits = 0;

  /** Those of the group that are refused: none, or all that the call held of it. */
  const refusedOf = async (group: Group): Promise<Group> => {
    calls++;
    try {
      const scores = await inner.score({ ...subAsk(ask, group), terms, alone: true });
      searchUnits += scores.searchUnits;
      queryPasses = true;
      return [];
    } catch (thrown) {
      if (thrown instanceof FirewallRefusal) return heldBy(thrown, ask, group);
      throw thrown;
    }
  };

  while (groups.length > 0) {
    groups.sort((a, b) => a.length - b.length);
    // As long as nothing has passed, it may be the query.
    if (!queryPasses && (calls > 0 || groups[0]!.length === 1)) {
      if (await isRefused(inner, { ...ask, terms })) return { blame: { of: 'query' }, searchUnits };
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
  return { blame: { of: 'documents', places: ascending(places), suspects }, searchUnits };
};

/** Those of the places whose documents a refused call held: the others were known, or came with other calls. */
const heldBy = ({ digests }: FirewallRefusal, ask: Ask, group: Group): Group => {
  const names = new Set(Array.from({ length: digests.count }, (_, i) => digests.nameOf(i)));
  const held = group.filter((place) => names.has(ask.identity.digests.nameOf(place)));
  return held.length > 0 ? held : group;
};

/** Whether the query is refused with whatever document. Asked anew, but once for all who ask at the same time. */
const isRefused = async (inner: Scorer, ask: Ask): Promise<boolean> => {
  const documents = [HARMLESS];
  const identity = { ...ask.identity, digests: Digests.of(documents) };
  const cache = { ...ask.cache, read: false };
  try {
    await inner.score({ ...ask, documents, identity, cache, alone: true });
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

/** What all resolve with, once all are over: what comes after a failure is kept, too. Rejects with the first failure. */
const all = async <T>(promises: readonly Promise<T>[]): Promise<T[]> => {
  await Promise.allSettled(promises);
  return Promise.all(promises);
};

const ascending = (numbers: readonly number[]): number[] => [...numbers].sort((a, b) => a - b);
