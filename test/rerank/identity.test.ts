import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type IdentityInput, identify } from '../../src/rerank/identity.ts';
import { distinct } from '../../src/rerank/ranking.ts';

interface Input extends IdentityInput {
  readonly documents: readonly string[];
}

/** Identity as a request gets it: by way of its distinct documents. */
const keyOf = (input: Input): string =>
  identify({ ...input, documents: distinct(input.documents).documents }).key;

/** What two requests have in common when they are the same, without any digest. */
const canonicalForm = ({ scope, model, query, documents }: Input): string =>
  JSON.stringify([scope, model, query, [...new Set(documents)].sort()]);

const base: Input = { scope: '', model: 'm', query: 'q', documents: ['a', 'b', 'c'] };

/** Few letters, among them what a key might use as separator, so that equal and nearly equal texts are common. */
const text = fc.string({ unit: fc.constantFrom('a', '1', ':', '\n', '\u0000', 'é', '😀'), maxLength: 3 });
const fields = {
  scope: text,
  model: text,
  query: text,
  documents: fc.array(text, { minLength: 1, maxLength: 4 }),
};
const input: fc.Arbitrary<Input> = fc.record(fields);

/** Another request that differs, if at all, in one field, and names its documents in another order. */
const variationOf = (one: Input): fc.Arbitrary<Input> => {
  const { documents } = one;
  const named = fc.array(fc.constantFrom(...documents), { maxLength: 2 }).chain((more) => {
    const all = [...documents, ...more];
    return fc.shuffledSubarray(all, { minLength: all.length });
  });
  const by = Object.entries(fields).map(([name, values]) => values.map((value) => ({ [name]: value })));
  return fc
    .tuple(named, fc.oneof(fc.constant({}), ...by))
    .map(([documents, over]) => ({ ...one, documents, ...over }));
};

const pair: fc.Arbitrary<readonly [Input, Input]> = fc.oneof(
  input.chain((one) => fc.tuple(fc.constant(one), variationOf(one))),
  fc.tuple(input, input),
);

describe('the identity of a request', () => {
  test('does not depend on the order of its documents, nor on duplicates', () => {
    const shuffled = fc
      .uniqueArray(fc.string({ unit: 'binary' }), { minLength: 1, maxLength: 8 })
      .chain((documents) =>
        fc.tuple(
          fc.constant(documents),
          fc.array(fc.constantFrom(...documents), { maxLength: 5 }).chain((more) => {
            const all = [...documents, ...more];
            return fc.shuffledSubarray(all, { minLength: all.length });
          }),
        ),
      );
    fc.assert(
      fc.property(shuffled, ([documents, others]) => {
        expect(keyOf({ ...base, documents: others })).toBe(keyOf({ ...base, documents }));
      }),
    );
  });

  test('is shared by two requests exactly when nothing about them differs', () => {
    let same = 0;
    fc.assert(
      fc.property(pair, ([one, other]) => {
        const equal = canonicalForm(one) === canonicalForm(other);
        if (equal) same++;
        expect(keyOf(one) === keyOf(other)).toBe(equal);
      }),
      { numRuns: 1000 },
    );
    expect(same).toBeGreaterThan(100);
  });

  test.each<[what: string, over: Partial<Input>]>([
    ['scope', { scope: 'search' }],
    ['model', { model: 'M' }],
    ['query', { query: 'q ' }],
    ['query in another Unicode form', { query: 'q\u0301' }],
    ['document more', { documents: ['a', 'b', 'c', 'd'] }],
    ['document less', { documents: ['a', 'b'] }],
    ['document', { documents: ['a', 'b', 'C'] }],
    ['blank in a document', { documents: ['a', 'b', 'c '] }],
  ])('changes with another %s', (_, over) => {
    expect(keyOf({ ...base, ...over })).not.toBe(keyOf(base));
  });

  test('tells fields apart whose contents hold one another’s separators', () => {
    const tricky: Partial<Input>[] = [
      { model: 'ab', query: 'c' },
      { model: 'a', query: 'bc' },
      { model: '', query: 'abc' },
      { scope: 'a', model: 'b', query: 'c' },
      { scope: 'ab', model: '', query: 'c' },
      { model: '1:a', query: '1:b' },
      { model: '1:a1:b', query: '' },
      { model: '', query: '1:a1:b' },
      { documents: ['a', 'b'] },
      { documents: ['ab'] },
      { documents: ['a,b'] },
      { documents: ['a\nb'] },
      { documents: ['["a","b"]'] },
    ];
    expect(new Set(tricky.map((over) => keyOf({ ...base, ...over }))).size).toBe(tricky.length);
  });

  test.each([':', ',', '|', '/', ' ', '\n', '\t', '\u0000', '\u001f'])(
    'does not move the border between two fields that hold %j',
    (separator) => {
      const forms = [
        { scope: `a${separator}b`, model: 'c', query: 'd' },
        { scope: 'a', model: `b${separator}c`, query: 'd' },
        { scope: 'a', model: 'b', query: `c${separator}d` },
      ];
      expect(new Set(forms.map((over) => keyOf({ ...base, ...over }))).size).toBe(3);
    },
  );

  test('is 43 characters that a key of any store may hold', () => {
    fc.assert(
      fc.property(input, (one) => {
        expect(keyOf(one)).toMatch(/^[\w-]{43}$/);
      }),
    );
  });
});
