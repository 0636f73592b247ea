import fc from 'fast-check';
import { expect, test } from 'vitest';
import { estimatedTokens, searchUnits } from '../../src/simulator/search-units.ts';

/** ASCII text of that many estimated tokens. */
const tokens = (count: number) => 'x'.repeat(4 * count);
const copies = (count: number, text: string) => new Array<string>(count).fill(text);

test('tokens are estimated at four UTF-8 bytes each, rounded up', () => {
  expect([0, 1, 4, 5].map((n) => estimatedTokens('x'.repeat(n)))).toEqual([0, 1, 1, 2]);
  expect(estimatedTokens('東京都庁')).toBe(3);
});

test('a hundred short documents cost one unit, one more costs a second', () => {
  expect(searchUnits('query', ['a'])).toBe(1);
  expect(searchUnits('query', copies(100, 'a'))).toBe(1);
  expect(searchUnits('query', copies(101, 'a'))).toBe(2);
  expect(searchUnits('query', copies(1000, 'a'))).toBe(10);
});

test('a document counts as several when it passes 500 tokens together with the query', () => {
  expect(searchUnits(tokens(100), copies(100, tokens(400)))).toBe(1);
  expect(searchUnits(tokens(100), copies(100, tokens(401)))).toBe(2);
  expect(searchUnits(tokens(100), copies(100, tokens(801)))).toBe(3);
});

test('a query of any length leaves half of each chunk to the document', () => {
  expect(searchUnits(tokens(10_000), copies(100, tokens(250)))).toBe(1);
  expect(searchUnits(tokens(10_000), copies(100, tokens(251)))).toBe(2);
});

const lengths = fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 50 });

test('units are whole, cover the number of documents, and ignore their order', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 800 }), lengths, (query, documents) => {
      const texts = documents.map(tokens);
      const units = searchUnits(tokens(query), texts);
      expect(Number.isInteger(units)).toBe(true);
      expect(units).toBeGreaterThanOrEqual(Math.ceil(texts.length / 100));
      expect(searchUnits(tokens(query), texts.toReversed())).toBe(units);
    }),
  );
});

test('more text never costs less', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 800 }),
      lengths,
      fc.integer({ min: 1, max: 3000 }),
      (query, documents, more) => {
        const texts = documents.map(tokens);
        const units = searchUnits(tokens(query), texts);
        expect(searchUnits(tokens(query), [...texts, tokens(more)])).toBeGreaterThanOrEqual(units);
        expect(searchUnits(tokens(query + more), texts)).toBeGreaterThanOrEqual(units);
        expect(
          searchUnits(
            tokens(query),
            texts.map((text) => text + tokens(more)),
          ),
        ).toBeGreaterThanOrEqual(units);
      },
    ),
  );
});
