/**
 * Weighted fair queueing over clients, counted in calls; inside one client, the most urgent first, then in order of
 * arrival. Start-time fair queueing: each client's next call carries a tag in virtual time, the smallest tag is served,
 * and serving a call moves its client's tag on by 1 ÷ weight. A client that was idle starts at the present virtual
 * time, less a small credit: it waits behind nobody's backlog, catches up with part of what others had meanwhile, and
 * saves up no more than that.
 */

import type { Turns } from '../window/window.ts';

/** In whose turn something waits, and where among that client's own. */
export interface Place {
  readonly client: string;
  /** The smaller, the more urgent. */
  readonly urgency: number;
}

/** What waits. Its place is the queue's to change while it is here. */
export interface Queued {
  client: string;
  urgency: number;
}

/** Items that are not here, but are to be counted as if they stood first among those of their client. */
export interface Expected {
  readonly clients: Iterable<string>;
  of(client: string): number;
}

interface Lane<T> {
  readonly items: T[];
  /** Virtual time at which the first item is due. */
  tag: number;
}

export class FairQueue<T extends Queued> {
  readonly #weightOf: (client: string) => number;
  readonly #credit: number;
  /** Clients with something queued. */
  readonly #lanes = new Map<string, Lane<T>>();
  /** Tags of idle clients that are ahead of where they would start anew: leaving does not wipe out what one has had. */
  readonly #dues = new Map<string, number>();
  #virtualTime = 0;
  #size = 0;

  /** @param credit calls that a client may be served ahead of its turn after a time without any */
  constructor(weightOf: (client: string) => number = () => 1, credit = 0) {
    this.#weightOf = weightOf;
    this.#credit = credit;
  }

  get size(): number {
    return this.#size;
  }

  push(item: T): void {
    let lane = this.#lanes.get(item.client);
    if (lane === undefined) {
      lane = { items: [], tag: this.#startTag(item.client) };
      this.#lanes.set(item.client, lane);
    }
    lane.items.splice(placeIn(lane.items, item.urgency), 0, item);
    this.#size++;
  }

  *[Symbol.iterator](): Iterator<T> {
    for (const { items } of this.#lanes.values()) yield* items;
  }

  /** Something of the client waits. */
  has(client: string): boolean {
    return this.#lanes.has(client);
  }

  /** What waits, client by client; the first of each is served first. */
  *clients(): Iterable<readonly [client: string, items: readonly T[]]> {
    for (const [client, { items }] of this.#lanes) yield [client, items];
  }

  /** The item that is due among those that `fits` accepts. */
  first(fits: (item: T) => boolean = () => true): T | undefined {
    const due = this.#due(fits);
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
    if (client === undefined) {
      // Never back: an item that had to wait for another that fits is served behind its time.
      this.#virtualTime = Math.max(this.#virtualTime, lane.tag);
      lane.tag += 1 / this.#weightOf(due.client);
    }
    this.#size--;
    const [item] = lane.items.splice(at, 1);
    this.#retireIfEmpty(due.client, lane);
    return item;
  }

  /** Goes on from where others, who serve the same clients, are. */
  adopt({ virtualTime, tags }: Turns): void {
    this.#virtualTime = virtualTime;
    this.#dues.clear();
    for (const [client, tag] of tags) if (tag > this.#earliestTag(client)) this.#dues.set(client, tag);
    for (const [client, lane] of this.#lanes) {
      lane.tag = this.#startTag(client);
      this.#dues.delete(client);
    }
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
    const lane = this.#lanes.get(item.client);
    const at = lane?.items.indexOf(item) ?? -1;
    if (lane === undefined || at < 0) return false;
    const due = lane.tag + at / this.#weightOf(item.client);
    if (this.#dueIn({ client, urgency }).tag >= due) return false;
    this.remove(item);
    item.client = client;
    item.urgency = urgency;
    this.push(item);
    return true;
  }

  /**
   * How many items would be served before one in this place, were it pushed now.
   * @param expected something more urgent than callers can ask for is ahead of them, too
   */
  ahead(place: Place, expected: Expected = NONE): number {
    return this.#aheadOf(place.client, this.#dueIn(place, expected.of(place.client)), expected);
  }

  /** How many items would be served before one that is here; undefined when it is not. */
  aheadOf(item: T, expected: Expected = NONE): number | undefined {
    const lane = this.#lanes.get(item.client);
    const before = lane?.items.indexOf(item) ?? -1;
    if (lane === undefined || before < 0) return undefined;
    const tag = lane.tag + before / this.#weightOf(item.client);
    return this.#aheadOf(item.client, { tag, before }, expected);
  }

  #aheadOf(client: string, { tag, before }: { tag: number; before: number }, expected: Expected): number {
    let ahead = before;
    for (const [name, { tag: first, items }] of this.#lanes) {
      const turns = name === client ? 0 : this.#turnsUntil(tag, first, name);
      ahead += items.length >= turns ? turns : Math.min(turns, items.length + expected.of(name));
    }
    for (const name of expected.clients) {
      if (name === client || this.#lanes.has(name)) continue;
      ahead += Math.min(this.#turnsUntil(tag, this.#startTag(name), name), expected.of(name));
    }
    return ahead;
  }

  /** Items of a client that are due by then, if its first is due at `first`. */
  #turnsUntil(tag: number, first: number, client: string): number {
    return first > tag ? 0 : Math.floor((tag - first) * this.#weightOf(client)) + 1;
  }

  /** When a new item would be due, in virtual time, and behind how many of its own client's. */
  #dueIn({ client, urgency }: Place, expected = 0): { tag: number; before: number } {
    const own = this.#lanes.get(client);
    const before = (urgency < 0 ? 0 : expected) + (own === undefined ? 0 : placeIn(own.items, urgency));
    return { tag: (own?.tag ?? this.#startTag(client)) + before / this.#weightOf(client), before };
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

  #startTag(client: string): number {
    return Math.max(this.#earliestTag(client), this.#dues.get(client) ?? Number.NEGATIVE_INFINITY);
  }

  /** Where a client starts that had nothing for long. */
  #earliestTag(client: string): number {
    return this.#virtualTime - this.#credit / this.#weightOf(client);
  }

  #retireIfEmpty(client: string, lane: Lane<T>): void {
    if (lane.items.length > 0) return;
    this.#lanes.delete(client);
    for (const [name, tag] of this.#dues) if (tag <= this.#earliestTag(name)) this.#dues.delete(name);
    if (lane.tag > this.#earliestTag(client)) this.#dues.set(client, lane.tag);
  }
}

const NONE: Expected = { clients: [], of: () => 0 };

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
