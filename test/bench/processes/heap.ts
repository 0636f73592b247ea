/** Fills the memory tier's store to its bound, and prints what a question takes in it. Run with --expose-gc. */

import { memoryStore } from '../../../src/cache/memory-store.ts';
import { pack } from '../../../src/cache/pairs.ts';
import { Digests } from '../../../src/calls/digests.ts';
import { identify } from '../../../src/calls/identity.ts';
import { usage } from './usage.ts';

export interface HeapFigures {
  readonly questions: number;
  /** What the store believes it holds, bytes. */
  readonly counted: number;
  /** Growth of the heap, and of what it holds outside of itself, bytes. */
  readonly heap: number;
  /** Growth of the process' resident memory, which also holds what the engine allocates for an array, bytes. */
  readonly resident: number;
}

const [documents = 1, storeMb = 1] = process.argv.slice(2).map(Number);

const TEXTS = Array.from({ length: documents }, (_, i) => `document ${i}`);

/** A store full to its bound, with pairs made as the gateway makes them: an own key string, own rows. */
const fill = (maxBytes: number, name: string) => {
  const store = memoryStore(maxBytes);
  for (let i = 0; store.entries === i * documents; i++) {
    const { question, digests } = identify({
      scope: [],
      model: 'model',
      query: `${name} ${i}`,
      digests: Digests.of(TEXTS),
      whole: false,
    });
    const values = Float64Array.from(TEXTS, (_, j) => (i + j / documents) % 1);
    store.add(question, pack(digests, values, new Float64Array(documents).fill(Date.now())));
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
  questions: store.entries / documents,
  counted: store.bytes,
  heap: after.heap - before.heap,
  resident: after.resident - before.resident,
};
process.stdout.write(`${JSON.stringify(figures)}\n`);
