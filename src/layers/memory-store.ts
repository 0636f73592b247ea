/** The in-process tier's store: least recently used goes first, bounded by bytes and not by entries. */

import { LRUCache } from 'lru-cache';
import type { Entry } from '../rerank/entry.ts';
import type { MemoryStore } from './memory.ts';

/**
 * Heap bytes of an entry besides its scores: key string, entry object, typed array with its buffer, and the cache's
 * own columns, and what the allocator adds. Measured with `npm run bench -- memory`, rounded up.
 */
export const ENTRY_OVERHEAD_BYTES = 768;

export interface BoundedStore extends MemoryStore {
  readonly bytes: number;
  readonly entries: number;
}

/** @param maxBytes 0 keeps nothing */
export const memoryStore = (maxBytes: number): BoundedStore => {
  const cache = new LRUCache<string, Entry>({
    // Every entry is larger than 1 byte, and the library refuses a bound of 0.
    maxSize: Math.max(1, maxBytes),
    sizeCalculation: ({ values }) => ENTRY_OVERHEAD_BYTES + values.byteLength,
  });
  return {
    get: (key) => cache.get(key),
    set: (key, entry) => void cache.set(key, entry),
    get bytes() {
      return cache.calculatedSize;
    },
    get entries() {
      return cache.size;
    },
  };
};
