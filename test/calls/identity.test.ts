import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Digests } from '../../src/calls/digests.ts';
import { distinct } from '../../src/calls/distinct.ts';
import { type Identity, type IdentityInput, identify } from '../../src/calls/identity.ts';
import { textsOf } from '../support/fakes.ts';

/** What a request says, before it is known which of its documents are the same. */
interface Input extends Omit<IdentityInput, 'digests'> {
  readonly items: readonly string[];
}

const identityOf = ({ items, ...input }: Input): Identity =>
  identify({ ...input, digests: distinct(items).digests });

const questionOf = (input: Input): string => identityOf(input).question;

/** What two requests have in common when their question is the same, without any digest. */
const canonicalForm = ({ scope, model, query, items: documents, whole }: Input): string =>
  JSON.stringify([scope, model, query, whole && [...new Set(documents)].sort()]);

const base: Input = { scope: ['s'], model: 'm', query: 'q', items: ['a', 'b', 'c'], whole: true };

/** Few letters, among them what a key might use as separator, so that equal and nearly equal texts are common. */
const text = fc.string({ unit: fc.constantFrom('a', '1', ':', '\n', '\u0000', 'é', '😀'), maxLength: 3 });
const fields = {
  // As many parts for everybody: what separates caches is a fixed list.
  scope: fc.array(text, { minLength: 2, maxLength: 2 }),
  model: text,
  query: text,
  items: fc.array(text, { minLength: 1, maxLength: 4 }),
  whole: fc.boolean(),
};
const input: fc.Arbitrary<Input> = fc.record(fields);

/** Names documents again, in another order and some of them twice. */
const renamed = (documents: readonly string[]): fc.Arbitrary<string[]> =>
  fc.array(fc.constantFrom(...documents), { maxLength: 3 }).chain((more) => {
    const all = [...documents, ...more];
    return fc.shuffledSubarray(all, { minLength: all.length });
  });

/** Another request that differs, if at all, in one field, and names its documents in another order. */
const variationOf = (one: Input): fc.Arbitrary<Input> => {
  const by = Object.entries(fields).map(([name, values]) =>
    (values as fc.Arbitrary<unknown>).map((value) => ({ [name]: value })),
  );
  return fc
    .tuple(renamed(one.items), fc.oneof(fc.constant({}), ...by))
    .map(([items, over]) => ({ ...one, items, ...over }));
};

const pair: fc.Arbitrary<readonly [Input, Input]> = fc.oneof(
  input.chain((one) => fc.tuple(fc.constant(one), variationOf(one))),
  fc.tuple(input, input),
);

describe('the question of a request', () => {
  test('is shared by two requests exactly when nothing that matters differs', () => {
    let same = 0;
    fc.assert(
      fc.property(pair, ([one, other]) => {
        const equal = canonicalForm(one) === canonicalForm(other);
        if (equal) same++;
        expect(questionOf(one) === questionOf(other)).toBe(equal);
      }),
      { numRuns: 1000 },
    );
    expect(same).toBeGreaterThan(100);
  });

  test.each<[what: string, over: Partial<Input>]>([
    ['scope', { scope: ['S'] }],
    ['model', { model: 'M' }],
    ['query', { query: 'q ' }],
    ['query in another Unicode form', { query: 'q\u0301' }],
    ['granularity', { whole: false }],
  ])('changes with another %s', (_, over) => {
    for (const whole of [true, false]) {
      const one = { ...base, whole };
      const other = { ...one, ...('whole' in over ? { whole: !whole } : over) };
      expect(questionOf(other)).not.toBe(questionOf(one));
    }
  });

  test.each<[what: string, documents: string[]]>([
    ['document more', ['a', 'b', 'c', 'd']],
    ['document less', ['a', 'b']],
    ['document', ['a', 'b', 'C']],
    ['blank in a document', ['a', 'b', 'c ']],
    ['document that is two in one', ['a', 'bc']],
  ])('of a whole set changes with another %s; of single documents it does not', (_, documents) => {
    expect(questionOf({ ...base, items: documents })).not.toBe(questionOf(base));
    const single = { ...base, whole: false };
    expect(questionOf({ ...single, items: documents })).toBe(questionOf(single));
  });

  test.each([':', ',', '|', '/', ' ', '\n', '\t', '\u0000', '\u001f', '1:'])(
    'does not move the border between two fields that hold %j',
    (separator) => {
      const forms = [
        { scope: [`a${separator}b`], model: 'c', query: 'd' },
        { scope: ['a'], model: `b${separator}c`, query: 'd' },
        { scope: ['a'], model: 'b', query: `c${separator}d` },
      ].flatMap((over) => [true, false].map((whole) => questionOf({ ...base, ...over, whole })));
      expect(new Set(forms).size).toBe(6);
    },
  );

  test('is 22 characters that a key of any store may hold', () => {
    fc.assert(
      fc.property(input, (one) => {
        expect(questionOf(one)).toMatch(/^[\w-]{22}$/);
      }),
    );
  });
});

describe('the documents of an identity', () => {
  test('are those of the request, one digest each in their order, whatever the question', () => {
    fc.assert(
      fc.property(input, (one) => {
        const documents = textsOf(distinct(one.items));
        const { digests, whole } = identityOf({ ...one, items: documents });
        expect(digests.numbers).toEqual(Digests.of(documents).numbers);
        expect(whole).toBe(one.whole);
      }),
    );
  });
});
