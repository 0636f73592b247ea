import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Body, Item } from '../../../src/calls/item.ts';
import { parseRequest } from '../../../src/endpoints/rerank/request.ts';
import { wire } from '../../../src/endpoints/rerank/wire.ts';

const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 });
/** As JSON spells it without an escape. */
const plain = text.filter((each) => JSON.stringify(each) === `"${each}"`);

const textIn = (body: Body): string => (typeof body === 'string' ? body : Buffer.concat(body).toString());

const requestOf = (items: readonly Item[], query = 'q'): unknown =>
  JSON.parse(textIn(wire.request({ model: 'm', query, items })));

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

test('a body whose documents are all asked for is not copied, whatever stands between them', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(plain, { minLength: 1 }),
      fc.constantFrom(',', ', ', '\n ,'),
      (documents, comma) => {
        const list = documents.map((document) => JSON.stringify(document)).join(comma);
        const { items } = parseRequest(
          Buffer.from(`{"query":"q","documents":[${list}]}`),
          0,
        ).request.distinct();
        expect(wire.request({ model: 'm', query: 'q', items })).toHaveLength(3);
        expect(requestOf(items)).toEqual({ model: 'm', query: 'q', documents });
      },
    ),
  );
});

test('of a body whose documents are asked for in part, the others are not', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ document: plain, asked: fc.boolean() }), { minLength: 1 }), (all) => {
      const documents = all.map(({ document }) => document);
      const body = Buffer.from(JSON.stringify({ documents, query: 'q' }));
      const { items } = parseRequest(body, 0).request.distinct();
      const some = items.filter((item) => all.find(({ document }) => document === String(item))!.asked);
      if (some.length > 0) expect(requestOf(some)).toMatchObject({ documents: some.map(String) });
    }),
  );
});

test('two that lie in one piece of memory are no neighbours for that, whatever stands between them', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('"', ',', ' ', ':', '1', '['), maxLength: 5 }),
      (between) => {
        const memory = Buffer.from(`one"${between}"two`);
        const items = [memory.subarray(0, 3), memory.subarray(memory.length - 3)];
        expect(requestOf(items)).toEqual({ model: 'm', query: 'q', documents: ['one', 'two'] });
      },
    ),
  );
});

test('others go beside them, in the order of all', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(plain.map(Buffer.from), text), { minLength: 1 }), (items) => {
      expect(requestOf(items)).toEqual({ model: 'm', query: 'q', documents: items.map(String) });
    }),
  );
});
