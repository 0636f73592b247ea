/**
 * What the firewall in front of the upstream has refused of late, so that nobody spends calls on finding it again.
 *
 * Remembered for a document together with its question, not for the document alone: a firewall judges a whole body, and
 * who finds a query that makes a common document suspicious must not have that document refused to others.
 */

import { LRUCache } from 'lru-cache';
import type { Blame } from '../calls/blame.ts';
import type { Identity } from '../calls/identity.ts';

/** Firewalls are changed by people; and a text that is refused for ever would be asked about for ever. Milliseconds. */
const REMEMBERED_MS = 600_000;

/** Some 100 bytes each. */
const MOST = 20_000;

/** In place of a document's digest: the query is refused, with whatever document; or the request as a whole. */
const QUERY = 'query';
const REQUEST = 'request';

/** A name of what was refused of a question: one of the above, or a document's digest. */
type Name = string;

export interface RefusedOptions {
  /** Told of what was found here, to be told to other processes. */
  readonly onFound?: (question: string, name: Name) => void;
  /** Milliseconds. */
  readonly now?: () => number;
}

export class Refused {
  /** By question, each with the moment at which it is forgotten. */
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

  /** Undefined when nothing of an ask is known to be refused. */
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
      this.hear(question, name);
      this.#onFound(question, name);
    }
  }

  /** Another process has found it. */
  hear(question: string, name: Name): void {
    const now = this.#now();
    this.#version++;
    const names = new Map([...(this.#names.get(question) ?? [])].filter(([, until]) => until > now));
    names.set(name, now + REMEMBERED_MS);
    this.#names.set(question, names);
  }
}
