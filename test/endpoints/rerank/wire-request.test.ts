import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Item } from '../../../src/calls/item.ts';
import { parseRequest } from '../../../src/endpoints/rerank/request.ts';
import { wire } from '../../../src/endpoints/rerank/wire.ts';

const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 });
/** As JSON spells it without an escape. */
const plain = text.filter((each) => JSON.stringify(each) === `"${each}"`);

const requestOf = (items: readonly Item[], query = 'q'): unknown =>
  JSON.parse(String(wire.request({ model: 'm', query, items })));

test('documents that came without escapes go upstream as the bytes that came', () => {
  fc.assert(
    fc.property(fc.uniqueArray(plain, { minLength: 1 }), text, (documents, query) => {
      const body = Buffer.from(JSON.stringify({ query: 'q', documents }));
      const { items } = parseRequest(body, 0).request.distinct();
      expect(items.every((item) => typeof item !== 'string')).toBe(true);
      expect(requestOf(items, query)).toEqual({ model: 'm', query, documents });
    }),
  );
});

test('others go beside them, in the order of all', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(plain.map(Buffer.from), text), { minLength: 1 }), (items) => {
      expect(requestOf(items)).toEqual({ model: 'm', query: 'q', documents: items.map(String) });
    }),
  );
});
