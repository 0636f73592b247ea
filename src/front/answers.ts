/** Whole answers by who asked and the bytes that were sent: the one least recently asked for goes first. */

import { LRUCache } from 'lru-cache';
import type { SourceCounts } from '../calls/sources.ts';

export interface Kept {
  /** Of the body, what stands behind the request's id: ASCII. */
  readonly rest: string;
  readonly model: string;
  /** Documents as sent, and where the distinct ones' values came from. */
  readonly documents: number;
  readonly sources: SourceCounts;
  /** Values that verification takes samples of. */
  readonly samples: number;
  /** Whether caches would still give it, as it is. */
  readonly holds: () => boolean;
  /** When its oldest value left the upstream, epoch milliseconds. */
  readonly oldest: number;
}

/** What an entry takes besides its text: key, columns of the cache, what it rests on, and what the allocator adds. */
const ENTRY_OVERHEAD_BYTES = 1024;

/** Requests that are remembered as seen. */
const SEEN = 8192;

export class Answers {
  readonly #kept: LRUCache<string, Kept>;
  /** The latest request that was seen, by its outline modulo `SEEN`. A list of texts would outlive many collections. */
  readonly #seen = new Uint32Array(SEEN);

  /** @param maxBytes 0 keeps nothing */
  constructor(maxBytes: number) {
    this.#kept = new LRUCache({
      // Every entry is larger than 1 byte, and the library refuses a bound of 0.
      maxSize: Math.max(1, maxBytes),
      sizeCalculation: ({ rest }) => ENTRY_OVERHEAD_BYTES + rest.length,
    });
  }

  get bytes(): number {
    return this.#kept.calculatedSize;
  }

  /** Undefined when there is none that still holds. */
  find(name: string): Kept | undefined {
    const answer = this.#kept.get(name);
    if (answer === undefined || answer.holds()) return answer;
    this.#kept.delete(name);
    return undefined;
  }

  /**
   * Whether a request with this outline was seen before, of late: most are never sent again, and would push out those that are.
   * @param outline 32 bits
   */
  readonly isKnown = (outline: number): boolean => {
    const place = outline % SEEN;
    if (this.#seen[place] === outline) return true;
    this.#seen[place] = outline;
    return false;
  };

  keep(name: string, answer: Kept): void {
    this.#kept.set(name, answer);
  }
}
