/**
 * Weighted fair queueing over clients; inside one client, the most urgent first, then in order of arrival. Start-time fair
 * queueing: each client's next call carries a tag in virtual time, the smallest tag is served, and serving a call moves its
 * client's tag on by size ÷ weight. The size of a call is 1, or more where tokens are limited and it takes more of those: see
 * sizeOf in window/window.ts.
 *
 * A client that was idle starts at the present, less its credit: it waits behind nobody's backlog, catches up with part of
 * what others had meanwhile, and saves up no more than that. One that has just had its turn starts where it would have gone
 * on: leaving does not wipe out what it has had.
 */

import type { Amount } from '../window/amount.ts';
import type { Turns } from '../window/window.ts';

/** In whose turn something waits, and where among that client's own. Of what is queued it is the queue's to change. */
export interface Place {
  client: string;
  /** The smaller, the more urgent. */
  urgency: number;
  /** What it needs, where tokens are limited. */
  readonly tokens?: number;
}

/** Items that are not here, but are to be counted as if they stood first among those of their client. */
export interface Expected {
  /** All that have any, and all that have something here. */
  readonly clients: Iterable<string>;
  of(client: string): number;
  /** Of each, on average. */
  readonly tokens: number;
}

export interface FairQueueOptions {
  readonly weightOf?: ((client: string) => number) | undefined;
  /** Calls that a client may be served ahead of its turn after a time without any. */
  readonly credit?: number | undefined;
  /** Calls' worth of a call of so many tokens; undefined where tokens are not limited. */
  readonly sizeOf?: ((tokens: number) => number) | undefined;
}

/** What a client has queued. */
interface Flow<T> {
  readonly items: T[];
  /** Virtual time at which the first item is due; without any, at which the next one would have been. */
  tag: number;
}

export class FairQueue<T extends Place> {
  readonly weightOf: (client: string) => number;
  readonly #credit: number;
  readonly #sizeOf: FairQueueOptions['sizeOf'];
  /** Of clients with something queued, and of those that must not start anew. */
  readonly #flows = new Map<string, Flow<T>>();
  /** The present, in calls' worth of a window. */
  #time = 0;
  #size = 0;

  constructor({ weightOf = () => 1, credit = 0, sizeOf }: FairQueueOptions = {}) {
    this.weightOf = weightOf;
    this.#credit = credit;
    this.#sizeOf = sizeOf;
  }

  get size(): number {
    return this.#size;
  }

  *[Symbol.iterator](): Iterator<T> {
    for (const { items } of this.#flows.values()) yield* items;
  }

  /** Clients with something queued. */
  *clients(): Iterable<string> {
    for (const [client, { items }] of this.#flows) if (items.length > 0) yield client;
  }

  /** What a client has queued, in the order in which it is served. */
  of(client: string): readonly T[] {
    return this.#flows.get(client)?.items ?? [];
  }

  push(item: T): void {
    const flow = this.#flowOf(item.client);
    if (flow.items.length === 0) flow.tag = this.#tagOf(item.client);
    flow.items.splice(indexIn(flow.items, item), 0, item);
    this.#size++;
  }

  /** The item that is due among those that `fits` accepts, or among those of one client. */
  first(fits: (item: T) => boolean = () => true, client?: string): T | undefined {
    if (client !== undefined) return this.of(client).find(fits);
    let first: T | undefined;
    let due = Number.POSITIVE_INFINITY;
    for (const [name, { items, tag }] of this.#flows) {
      // Of equal tags by name, so that all who serve the same clients agree.
      if (tag > due || (tag === due && name > first!.client)) continue;
      const item = items.find(fits);
      if (item !== undefined) [first, due] = [item, tag];
    }
    return first;
  }

  /**
   * Takes the item that is due among those that `fits` accepts.
   * @param client whose turn it is, if others have decided so, and counted it
   */
  shift(fits?: (item: T) => boolean, client?: string): T | undefined {
    const item = this.first(fits, client);
    if (item === undefined) return undefined;
    if (client === undefined) {
      const flow = this.#flowOf(item.client);
      // Time never goes back: one that had to wait for a lane that fits is served late.
      this.#time = Math.max(this.#time, flow.tag);
      flow.tag += this.#worth(item.tokens) / this.weightOf(item.client);
    }
    this.remove(item);
    return item;
  }

  /** Takes an item out of turn; false when it is not, or no longer, here. */
  remove(item: T): boolean {
    const items = this.#flows.get(item.client)?.items;
    const at = items?.indexOf(item) ?? -1;
    if (items === undefined || at < 0) return false;
    items.splice(at, 1);
    this.#size--;
    if (items.length === 0) this.#forget();
    return true;
  }

  /**
   * Moves an item to where a new one in this place would wait, if it is due sooner there; else it stays, and false is
   * returned. It may be another client's turn: then that client has one more call to wait for, as if it had pushed one,
   * and whoever else the item passes is served one place later.
   */
  promote(item: T, { client, urgency }: Place): boolean {
    const isSooner = this.#dueIn({ client, urgency }).tag < this.#dueIn(item).tag;
    if (!isSooner || !this.remove(item)) return false;
    [item.client, item.urgency] = [client, urgency];
    this.push(item);
    return true;
  }

  /** Goes on from where others, who serve the same clients, are. */
  adopt({ virtualTime, tags }: Turns): void {
    this.#time = virtualTime;
    for (const flow of this.#flows.values()) flow.tag = Number.NEGATIVE_INFINITY;
    for (const [client, tag] of tags) this.#flowOf(client).tag = tag;
    for (const [client, flow] of this.#flows) flow.tag = Math.max(flow.tag, this.#earliest(client));
    this.#forget();
  }

  /** How much would be served before an item that is here, or before one in this place, were it pushed now. */
  ahead(place: Place | T, expected: Expected = this.#nothingElse()): Amount {
    const { tag, before } = this.#dueIn(place, expected);
    let [calls, tokens] = [before, before * this.#typical(place.client, expected)];
    for (const client of expected.clients) {
      if (client === place.client) continue;
      const flow = this.#flows.get(client);
      const first = this.#tagOf(client, flow);
      if (first > tag) continue;
      const each = this.#typical(client, expected);
      const turns = Math.floor(((tag - first) * this.weightOf(client)) / this.#worth(each)) + 1;
      const here = flow?.items.length ?? 0;
      const served = here < turns ? Math.min(turns, here + expected.of(client)) : turns;
      calls += served;
      tokens += served * each;
    }
    return { calls: Math.round(calls), tokens: Math.round(tokens) };
  }

  /** When an item is due, in virtual time, and behind how many of its own client's. */
  #dueIn(place: Place | T, expected = this.#nothingElse()): { tag: number; before: number } {
    const { client } = place;
    const items = this.of(client);
    const at = items.indexOf(place as T);
    const before = expected.of(client) + (at < 0 ? indexIn(items, place) : at);
    const size = before * this.#worth(this.#typical(client, expected));
    return { tag: this.#tagOf(client) + size / this.weightOf(client), before };
  }

  #nothingElse(): Expected {
    return { clients: this.clients(), of: () => 0, tokens: 0 };
  }

  /** Tokens of one of a client's calls, on average. */
  #typical(client: string, expected: Expected): number {
    if (this.#sizeOf === undefined) return 0;
    const items = this.of(client);
    if (items.length === 0) return expected.tokens;
    return items.reduce((sum, { tokens = 0 }) => sum + tokens, 0) / items.length;
  }

  #worth(tokens = 0): number {
    return this.#sizeOf?.(tokens) ?? 1;
  }

  /** When a client's first call is due; if it has none queued, when one would be that came now. */
  #tagOf(client: string, flow = this.#flows.get(client)): number {
    if (flow === undefined) return this.#earliest(client);
    return flow.items.length > 0 ? flow.tag : Math.max(flow.tag, this.#earliest(client));
  }

  /** Where a client starts that has had nothing for long. */
  #earliest(client: string): number {
    return this.#time - this.#credit / this.weightOf(client);
  }

  #flowOf(client: string): Flow<T> {
    let flow = this.#flows.get(client);
    if (flow === undefined) {
      flow = { items: [], tag: Number.NEGATIVE_INFINITY };
      this.#flows.set(client, flow);
    }
    return flow;
  }

  /** Of clients that would start anew in any case nothing needs to be kept. */
  #forget(): void {
    for (const [client, { items, tag }] of this.#flows) {
      if (items.length === 0 && tag <= this.#earliest(client)) this.#flows.delete(client);
    }
  }
}

/** Where among a client's items one waits that is pushed: behind everything as urgent or more. */
const indexIn = (items: readonly Place[], { urgency }: Place): number => {
  let index = items.length;
  while (index > 0 && items[index - 1]!.urgency > urgency) index--;
  return index;
};
