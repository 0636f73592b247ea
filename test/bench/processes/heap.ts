/** Fills the memory tier's store to its bound, and prints what an entry takes. Run with --expose-gc. */

import { memoryStore } from '../../../src/layers/memory-store.ts';
import { digest } from '../../../src/rerank/identity.ts';
import { usage } from './usage.ts';

export interface HeapFigures {
  readonly entries: number;
  /** What the store believes it holds, bytes. */
  readonly counted: number;
  /** Growth of the heap, and of what it holds outside of itself, bytes. */
  readonly heap: number;
  /** Growth of the process' resident memory, which also holds what the engine allocates for an array, bytes. */
  readonly resident: number;
}

const [documents = 1, storeMb = 1] = process.argv.slice(2).map(Number);

/** A store full to its bound, with entries made as the gateway makes them: an own key string, own scores. */
const fill = (maxBytes: number, name: string) => {
  const store = memoryStore(maxBytes);
  for (let i = 0; store.entries === i; i++) {
    const values = new Float64Array(documents);
    for (let j = 0; j < documents; j++) values[j] = (i + j / documents) % 1;
    store.set(digest(`${name}${i}`), { values, scoredAt: Date.now() });
  }
  return store;
};

// Two of them, the second of which is measured: what the heap and the allocator keep in reserve has grown by then.
const first = fill(storeMb * 1024 * 1024, 'first');
const before = await usage();
const store = fill(storeMb * 1024 * 1024, 'second');
const after = await usage();
if (first.entries === 0) throw new Error('The first store must outlive the measurement of the second.');
const figures: HeapFigures = {
  entries: store.entries,
  counted: store.bytes,
  heap: after.heap - before.heap,
  resident: after.resident - before.resident,
};
process.stdout.write(`${JSON.stringify(figures)}\n`);
