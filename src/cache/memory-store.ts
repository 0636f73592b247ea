/** The store of the memory tier: bounded by bytes, not by entries. Evicts the least recently used question first. */

import { LRUCache } from 'lru-cache';
import type { PairMemory } from './by-question.ts';
import { merge, type Pairs, ROW } from './pairs.ts';
import type { Evictable } from './together.ts';

/**
 * Heap bytes of a question besides its pairs: key string, typed array with its buffer, the cache's own columns, and what
 * the allocator adds. Measured with `npm run bench -- memory`, rounded up.
 */
export const ENTRY_OVERHEAD_BYTES = 768;

export interface BoundedStore extends PairMemory, Evictable {
  /** Scored pairs. */
  readonly entries: number;
}

/**
 * @param maxBytes 0 keeps nothing
 * @param now epoch milliseconds
 */
export const memoryStore = (maxBytes: number, now: () => number = Date.now): BoundedStore => {
  let entries = 0;
  const cache = new LRUCache<string, Pairs>({
    // Every entry is larger than 1 byte, and the library refuses a bound of 0.
    maxSize: Math.max(1, maxBytes),
    sizeCalculation: ({ byteLength }) => ENTRY_OVERHEAD_BYTES + byteLength,
    onInsert: ({ length }) => {
      entries += length / ROW;
    },
    dispose: ({ length }) => {
      entries -= length / ROW;
    },
  });
  return {
    get: (question) => cache.get(question),
    add(question, pairs) {
      const known = cache.peek(question);
      cache.set(question, known === undefined ? pairs : merge(known, pairs, now()));
    },
    get bytes() {
      return cache.calculatedSize;
    },
    evict: () => void cache.pop(),
    get entries() {
      return entries;
    },
  };
};
