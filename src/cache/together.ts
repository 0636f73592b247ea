/** Several stores in memory within one bound. */

export interface Evictable {
  readonly bytes: number;
  /** Drops the entry least recently used. */
  evict(): void;
}

/**
 * Whichever store is the largest gives way, so that none can take more than its part from others that are in use.
 * @returns to be called whenever a store has grown
 */
export const together =
  (maxBytes: number, stores: readonly Evictable[]): (() => void) =>
  () => {
    while (stores.reduce((sum, { bytes }) => sum + bytes, 0) > maxBytes) {
      stores.reduce((largest, store) => (store.bytes > largest.bytes ? store : largest)).evict();
    }
  };
