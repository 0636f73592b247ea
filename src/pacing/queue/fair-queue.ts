/**
 * Weighted fair queueing over clients; inside one client, the most urgent first, then in order of arrival. Start-time fair
 * queueing: each client's next call carries a tag in virtual time, the smallest tag is served, and serving a call moves its
 * client's tag on by size ÷ weight. The size of a call is 1, or more where tokens are limited and it takes more of those: see
 * sizeOf in window/window.ts. Where a client starts: see virtual-clock.ts.
 */

import type { Amount } from '../window/amount.ts';
import type { Turns } from '../window/window.ts';
import { VirtualClock } from './virtual-clock.ts';

/** In whose turn something waits, and where among that client's own. */
export interface Place {
  readonly client: string;
  /** The smaller, the more urgent. */
  readonly urgency: number;
  /** What it needs, where tokens are limited. */
  readonly tokens?: number;
}

/** What waits. Its place is the queue's to change while it is here. */
export interface Queued {
  client: string;
  urgency: number;
  readonly tokens?: number;
}

/** Items that are not here, but are to be counted as if they stood first among those of their client. */
export interface Expected {
  readonly clients: Iterable<string>;
  of(client: string): number;
  /** Of each of a client's, on average. */
  tokensOf(client: string): number;
}

export interface FairQueueOptions {
  readonly weightOf?: ((client: string) => number) | undefined;
  /** @see VirtualClock */
  readonly credit?: number | undefined;
  /** Calls' worth of a call of so many tokens; undefined where tokens are not limited. */
  readonly sizeOf?: ((tokens: number) => number) | undefined;
}

interface Lane<T> {
  readonly items: T[];
  /** Virtual time at which the first item is due. */
  tag: number;
}

export class FairQueue<T extends Queued> {
  readonly #clock: VirtualClock;
  /** Clients with something queued. */
  readonly #lanes = new Map<string, Lane<T>>();
  readonly #sizeOf: FairQueueOptions['sizeOf'];
  #size = 0;

  constructor({ weightOf = () => 1, credit = 0, sizeOf }: FairQueueOptions = {}) {
    this.#clock = new VirtualClock(weightOf, credit);
    this.#sizeOf = sizeOf;
  }

  get size(): number {
    return this.#size;
  }

  push(item: T): void {
    let lane = this.#lanes.get(item.client);
    if (lane === undefined) {
      lane = { items: [], tag: this.#clock.startTag(item.client) };
      this.#lanes.set(item.client, lane);
    }
    lane.items.splice(placeIn(lane.items, item.urgency), 0, item);
    this.#size++;
  }

  *[Symbol.iterator](): Iterator<T> {
    for (const { items } of this.#lanes.values()) yield* items;
  }

  /** Items that `fits` accepts; of more than `most`, no more are counted. */
  count(fits: (item: T) => boolean, most: number): number {
    let count = 0;
    for (const item of this) {
      if (count >= most) break;
      if (fits(item)) count++;
    }
    return count;
  }

  /** Something of the client waits. */
  isBacklogged(client: string): boolean {
    return this.#lanes.has(client);
  }

  has(item: T): boolean {
    return this.#lanes.get(item.client)?.items.includes(item) ?? false;
  }

  /** What waits, client by client; the first of each is served first. */
  *clients(): Iterable<readonly [client: string, items: readonly T[]]> {
    for (const [client, { items }] of this.#lanes) yield [client, items];
  }

  /** The item that is due among those that `fits` accepts, or among those of one client. */
  first(fits: (item: T) => boolean = () => true, client?: string): T | undefined {
    const due = this.#due(fits, client);
    return due?.lane.items[due.at];
  }

  /**
   * Takes the item that is due among those that `fits` accepts.
   * @param client whose turn it is, if others have decided so, and counted it
   */
  shift(fits: (item: T) => boolean = () => true, client?: string): T | undefined {
    const due = this.#due(fits, client);
    if (due === undefined) return undefined;
    const { lane, at } = due;
    const [item] = lane.items.splice(at, 1);
    if (client === undefined) {
      this.#clock.serve(lane.tag);
      lane.tag += this.#clock.advance(due.client, this.#worth(item?.tokens));
    }
    this.#size--;
    this.#retireIfEmpty(due.client, lane);
    return item;
  }

  /** Goes on from where others, who serve the same clients, are. */
  adopt(turns: Turns): void {
    this.#clock.adopt(turns);
    for (const [client, lane] of this.#lanes) lane.tag = this.#clock.startTag(client);
  }

  /** Takes an item out of turn; false when it is not, or no longer, here. */
  remove(item: T): boolean {
    const lane = this.#lanes.get(item.client);
    const at = lane?.items.indexOf(item) ?? -1;
    if (lane === undefined || at < 0) return false;
    lane.items.splice(at, 1);
    this.#size--;
    this.#retireIfEmpty(item.client, lane);
    return true;
  }

  /**
   * Moves an item to where a new one in this place would wait, if it is due sooner there; else it stays, and false is
   * returned. It may be another client's turn: then that client has one more call to wait for, as if it had pushed one,
   * and whoever else the item passes is served one place later.
   */
  promote(item: T, { client, urgency }: Place): boolean {
    const sooner = (): boolean => this.#dueIn({ client, urgency }).tag < this.#dueIn(item).tag;
    if (!this.has(item) || !sooner()) return false;
    this.remove(item);
    Object.assign(item, { client, urgency });
    this.push(item);
    return true;
  }

  /** How much would be served before an item that is here, or before one in this place, were it pushed now. */
  ahead(place: Place | T, expected: Expected = NONE): Amount {
    const { client } = place;
    const { tag, before } = this.#dueIn(place, expected);
    let [calls, tokens] = [before, before * this.#typical(client, expected)];
    const add = (name: string, first: number, waiting: number): void => {
      const each = this.#typical(name, expected);
      const turns = this.#clock.turnsUntil(tag, first, name, this.#worth(each));
      const served = waiting >= turns ? turns : Math.min(turns, waiting + expected.of(name));
      calls += served;
      tokens += served * each;
    };
    for (const [name, { tag: first, items }] of this.#lanes) {
      if (name !== client) add(name, first, items.length);
    }
    for (const name of expected.clients) {
      if (name !== client && !this.#lanes.has(name)) add(name, this.#clock.startTag(name), 0);
    }
    return { calls, tokens };
  }

  /** When an item is due, in virtual time, and behind how many of its own client's. */
  #dueIn(place: Place | T, expected: Expected = NONE): { tag: number; before: number } {
    const { client } = place;
    const own = this.#lanes.get(client);
    const at = own === undefined ? 0 : own.items.indexOf(place as T);
    const here = own !== undefined && at < 0 ? placeIn(own.items, place.urgency) : at;
    const before = expected.of(client) + here;
    const first = own?.tag ?? this.#clock.startTag(client);
    const size = before * this.#worth(this.#typical(client, expected));
    return { tag: first + this.#clock.advance(client, size), before };
  }

  /** Tokens of one of a client's calls, on average. */
  #typical(client: string, expected: Expected): number {
    if (this.#sizeOf === undefined) return 0;
    const { items = [] } = this.#lanes.get(client) ?? {};
    if (items.length === 0) return expected.tokensOf(client);
    return items.reduce((sum, { tokens = 0 }) => sum + tokens, 0) / items.length;
  }

  #worth(tokens = 0): number {
    return this.#sizeOf?.(tokens) ?? 1;
  }

  #due(fits: (item: T) => boolean, only?: string): { client: string; lane: Lane<T>; at: number } | undefined {
    let due: { client: string; lane: Lane<T>; at: number } | undefined;
    for (const [client, lane] of this.#lanes) {
      if (only !== undefined && client !== only) continue;
      if (due !== undefined && !isBefore({ client, lane }, due)) continue;
      const at = lane.items.findIndex(fits);
      if (at >= 0) due = { client, lane, at };
    }
    return due;
  }

  #retireIfEmpty(client: string, lane: Lane<T>): void {
    if (lane.items.length > 0) return;
    this.#lanes.delete(client);
    this.#clock.retire(client, lane.tag);
  }
}

const NONE: Expected = { clients: [], of: () => 0, tokensOf: () => 0 };

interface Turn {
  readonly client: string;
  readonly lane: { readonly tag: number };
}

/** By tag; equal ones by name, so that all who serve the same clients agree. */
const isBefore = (a: Turn, b: Turn): boolean =>
  a.lane.tag === b.lane.tag ? a.client < b.client : a.lane.tag < b.lane.tag;

/** Behind everything as urgent or more. */
const placeIn = (items: readonly Place[], urgency: number): number => {
  let place = items.length;
  while (place > 0 && items[place - 1]!.urgency > urgency) place--;
  return place;
};
