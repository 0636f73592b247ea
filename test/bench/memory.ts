/** Memory: what a cached question really takes, against what the store counts for it. */

import { printedBy } from './figures.ts';
import type { HeapFigures } from './processes/heap.ts';
import { SIZES } from './sizes.ts';
import type { Row } from './table.ts';

const TIMEOUT_MS = 60_000;

/** As CACHE_MEMORY_MB is by default. In a smaller one, what the engine keeps in reserve would pass for entries. */
const STORE_MB = 64;

export async function* memory(): AsyncGenerator<Row> {
  for (const { documents } of SIZES) {
    const { questions, counted, heap, resident } = await measure(documents);
    const each = (bytes: number): string => Math.round(bytes / questions).toLocaleString('en');
    yield {
      bench: 'memory, question',
      size: `${documents} scores`,
      reference: `${each(counted)} B counted`,
      gateway: `${each(heap)} B on the heap\n${each(resident)} B resident`,
      compared: `× ${(heap / counted).toFixed(2)}\n× ${(resident / counted).toFixed(2)}`,
    };
  }
}

const measure = (documents: number): Promise<HeapFigures> =>
  printedBy<HeapFigures>('heap.ts', [documents, STORE_MB], {}, TIMEOUT_MS);
