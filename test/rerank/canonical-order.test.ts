import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromCanonical, type Identity, identify, toCanonical } from '../../src/rerank/identity.ts';

const identityOf = (documents: readonly string[]): Identity =>
  identify({ scope: '', model: 'm', query: 'q', documents });

describe('the canonical order', () => {
  const asked = fc.uniqueArray(fc.string({ unit: 'binary' }), { minLength: 1, maxLength: 20 });

  test('holds each place once', () => {
    fc.assert(
      fc.property(asked, (documents) => {
        const places = [...identityOf(documents).places].sort((a, b) => a - b);
        expect(places).toEqual(documents.map((_, i) => i));
      }),
    );
  });

  test('and the ask’s own are translated into each other without loss', () => {
    fc.assert(
      fc.property(asked, (documents) => {
        const identity = identityOf(documents);
        const values = Float64Array.from(documents, (_, i) => i + 0.5);
        expect(fromCanonical(toCanonical(values, identity), identity)).toEqual(values);
        expect(toCanonical(fromCanonical(values, identity), identity)).toEqual(values);
      }),
    );
  });

  test('hands every document its own score, in whatever order another caller names them', () => {
    const twice = asked.chain((documents) =>
      fc.tuple(fc.constant(documents), fc.shuffledSubarray(documents, { minLength: documents.length })),
    );
    fc.assert(
      fc.property(twice, ([first, second]) => {
        const scores = new Map(first.map((document, i) => [document, i / 7]));
        const valuesFor = (documents: readonly string[]): Float64Array =>
          Float64Array.from(documents, (document) => scores.get(document)!);
        const kept = toCanonical(valuesFor(first), identityOf(first));
        const found = fromCanonical(kept, identityOf(second));
        expect(found).toEqual(valuesFor(second));
      }),
    );
  });
});
