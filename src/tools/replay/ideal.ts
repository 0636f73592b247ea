/** What perfect caches would send upstream for a trace, to compare with the actual figures. Pure. */

import type { Granularity } from '../../config/config.ts';

export interface Spending {
  readonly calls: number;
  /** Documents sent upstream, over all calls. */
  readonly documents: number;
}

export interface Ideal {
  /** A call for every request, with identical documents sent once. */
  readonly everyRequest: Spending;
  /** A call for every distinct (model, query, set of documents), and none for its repetitions. */
  readonly wholeRequests: Spending;
  /**
   * A call for every request with at least one (query, document) pair that no earlier request of its model had, with only
   * the documents of such pairs.
   */
  readonly pairs: Spending;
}

/** The ideal for gateways with this granularity. */
export const promised = ({ everyRequest, wholeRequests, pairs }: Ideal, granularity: Granularity): Spending =>
  ({ document: pairs, request: wholeRequests, off: everyRequest })[granularity];

export interface Asking {
  readonly model: string;
  readonly query: string;
  /** In any order, duplicates allowed. */
  readonly documents: readonly string[];
}

/** By model, in order of appearance, for requests one after the other, with caches that start empty and never forget. */
export const ideal = (requests: Iterable<Asking>): Map<string, Ideal> => {
  const numberOf = numbering();
  const known = new Set<string>();
  const byModel = new Map<string, Ideal>();
  for (const { model, query, documents } of requests) {
    const place = `${numberOf(model)} ${numberOf(query)}`;
    const set = [...new Set(documents.map(numberOf))].sort((a, b) => a - b);
    const isNew = (key: string): boolean => !known.has(key) && known.add(key) !== undefined;
    const newSet = isNew(`${place} set ${set.join(' ')}`);
    const newPairs = set.filter((document) => isNew(`${place} pair ${document}`)).length;
    const sum = byModel.get(model) ?? NOTHING;
    byModel.set(model, {
      everyRequest: add(sum.everyRequest, set.length),
      wholeRequests: newSet ? add(sum.wholeRequests, set.length) : sum.wholeRequests,
      pairs: newPairs > 0 ? add(sum.pairs, newPairs) : sum.pairs,
    });
  }
  return byModel;
};

const NOTHING: Ideal = {
  everyRequest: { calls: 0, documents: 0 },
  wholeRequests: { calls: 0, documents: 0 },
  pairs: { calls: 0, documents: 0 },
};

const add = ({ calls, documents }: Spending, more: number): Spending => ({
  calls: calls + 1,
  documents: documents + more,
});

/** Numbers texts, since keys made of whole documents would take gigabytes. */
const numbering = (): ((text: string) => number) => {
  const numbers = new Map<string, number>();
  return (text) => {
    const number = numbers.get(text) ?? numbers.size;
    numbers.set(text, number);
    return number;
  };
};
