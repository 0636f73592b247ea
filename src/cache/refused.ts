/**
 * What the firewall in front of the upstream has refused lately, so that no calls are spent on finding it again.
 *
 * Remembered for an item together with its question, not for the item alone: a firewall judges a whole body, and a query that
 * makes a common item suspicious must not cause that item to be refused for others.
 */

import { LRUCache } from 'lru-cache';
import type { Blame } from '../calls/blame.ts';
import type { Identity } from '../calls/identity.ts';

/** Limited, since people change the firewall's rules and its mistakes must not last for ever. Milliseconds. */
const REMEMBERED_MS = 600_000;

/** The most names remembered, of about 100 bytes each. */
const MOST = 20_000;

/** Names that stand for the query, refused with any item, and for the request as a whole. */
const QUERY = 'query';
const REQUEST = 'request';

/** The name of a refused part of a question: one of the above, or an item's digest. */
type Name = string;

export interface RefusedOptions {
  /** Called for each name that was found here, to publish it to other processes. */
  readonly onFound?: (question: string, name: Name) => void;
  /** Milliseconds. */
  readonly now?: () => number;
}

export class Refused {
  /** Names by question, each with the time at which it is forgotten. */
  readonly #names = new LRUCache<string, Map<Name, number>>({
    maxSize: MOST,
    sizeCalculation: ({ size }) => size,
  });
  readonly #onFound: (question: string, name: Name) => void;
  readonly #now: () => number;

  #version = 0;

  constructor({ onFound = () => {}, now = Date.now }: RefusedOptions = {}) {
    this.#onFound = onFound;
    this.#now = now;
  }

  /** Goes up with everything that is found. */
  get version(): number {
    return this.#version;
  }

  /** Names remembered, some of which may be past their time. */
  get size(): number {
    return this.#names.calculatedSize;
  }

  /** Undefined when no part of a call is known to be refused. */
  find({ question, digests }: Identity): Blame | undefined {
    const names = this.#names.get(question);
    if (names === undefined) return undefined;
    const now = this.#now();
    const holds = (name: Name): boolean => (names.get(name) ?? 0) > now;
    if (holds(QUERY)) return { of: 'query' };
    if (holds(REQUEST)) return { of: 'request' };
    const places = Array.from({ length: digests.count }, (_, place) => place).filter((place) =>
      holds(digests.nameOf(place)),
    );
    return places.length === 0 ? undefined : { of: 'items', places, suspects: [] };
  }

  note({ question, digests }: Identity, blame: Blame): void {
    const names = blame.of === 'items' ? blame.places.map((place) => digests.nameOf(place)) : [blame.of];
    for (const name of names) {
      this.add(question, name);
      this.#onFound(question, name);
    }
  }

  /** Remembers what was found, here or in another process. */
  add(question: string, name: Name): void {
    const now = this.#now();
    this.#version++;
    const names = new Map([...(this.#names.get(question) ?? [])].filter(([, until]) => until > now));
    names.set(name, now + REMEMBERED_MS);
    this.#names.set(question, names);
  }
}
