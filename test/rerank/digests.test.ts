import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concatenate, DIGEST_NUMBERS, Digests } from '../../src/rerank/digests.ts';

const MAX_48_BITS = 2 ** 48 - 1;

/** Well-formed, as requests are once they are parsed; few letters, so that texts are often equal or nearly so. */
const text = fc.oneof(
  fc.string({ unit: fc.constantFrom('a', 'b', ' ', '\u0000', 'é', '😀'), maxLength: 3 }),
  fc.string({ unit: 'binary', maxLength: 20 }),
);
const texts = fc.array(text, { maxLength: 20 });

/** Digests that are all different, among them many with the same first number. */
const colliding = fc
  .uniqueArray(fc.tuple(fc.constantFrom(0, 1, MAX_48_BITS), fc.nat({ max: 30 })), {
    maxLength: 40,
    selector: String,
  })
  .map((pairs) => ({ pairs, digests: new Digests(Float64Array.from(pairs.flat())) }));

const digestOf = ({ numbers }: Digests, i: number): string => `${numbers[2 * i]} ${numbers[2 * i + 1]}`;

describe('the digests of documents', () => {
  test('are equal exactly where the texts are', () => {
    fc.assert(
      fc.property(texts, (documents) => {
        const digests = Digests.of(documents);
        expect(digests.count).toBe(documents.length);
        for (let i = 0; i < documents.length; i++) {
          for (let j = 0; j < documents.length; j++) {
            expect(digestOf(digests, i) === digestOf(digests, j)).toBe(documents[i] === documents[j]);
          }
        }
      }),
    );
  });

  test('are whole numbers of 48 bits, which doubles hold exactly', () => {
    fc.assert(
      fc.property(texts, (documents) => {
        for (const number of Digests.of(documents).numbers) {
          expect(Number.isSafeInteger(number) && number >= 0 && number <= MAX_48_BITS).toBe(true);
        }
      }),
    );
  });

  // What another release has put into Redis is found by these numbers: SHA-256 of '' is e3b0c442 98fc1c14 9afbf4c8 …
  test('are the first 96 bits of SHA-256', () => {
    expect([...Digests.of(['']).numbers]).toEqual([0xe3b0_c442_98fc, 0x1c14_9afb_f4c8]);
  });

  test('do not depend on the other documents', () => {
    fc.assert(
      fc.property(texts, text, (others, document) => {
        const among = Digests.of([...others, document]);
        expect(digestOf(among, others.length)).toBe(digestOf(Digests.of([document]), 0));
      }),
    );
  });
});

describe('a digest is found', () => {
  test('where it is and nowhere else, however many others begin with the same number', () => {
    fc.assert(
      fc.property(colliding, ({ pairs, digests }) => {
        for (const [i, [high, low]] of pairs.entries()) {
          expect(digests.indexOf(high, low)).toBe(i);
          expect(digests.indexOf(high, low + 0.5)).toBe(-1);
        }
        expect(digests.indexOf(2, 0)).toBe(-1);
      }),
    );
  });

  test('never among none', () => {
    expect(Digests.of([]).indexOf(0, 0)).toBe(-1);
  });
});

describe('some of the digests', () => {
  test('are those of the documents named, in the order named', () => {
    const choice = colliding.chain(({ digests }) =>
      fc.tuple(
        fc.constant(digests),
        fc.array(fc.nat({ max: Math.max(0, digests.count - 1) }), { maxLength: digests.count }),
      ),
    );
    fc.assert(
      fc.property(choice, ([digests, chosen]) => {
        const some = digests.subset(chosen);
        expect(some.count).toBe(chosen.length);
        expect(chosen.map((_, i) => digestOf(some, i))).toEqual(chosen.map((i) => digestOf(digests, i)));
      }),
    );
  });
});

describe('lists of digests', () => {
  test('one after the other are those of all the documents', () => {
    fc.assert(
      fc.property(fc.array(texts, { maxLength: 5 }), (lists) => {
        const all = concatenate(lists.map((documents) => Digests.of(documents)));
        expect(all.numbers).toEqual(Digests.of(lists.flat()).numbers);
      }),
    );
  });

  test('one after the other are looked up in as one', () => {
    fc.assert(
      fc.property(colliding, fc.nat({ max: 40 }), ({ pairs, digests }, cut) => {
        const at = DIGEST_NUMBERS * Math.min(cut, pairs.length);
        const all = concatenate([
          new Digests(digests.numbers.slice(0, at)),
          new Digests(digests.numbers.slice(at)),
        ]);
        for (const [i, [high, low]] of pairs.entries()) expect(all.indexOf(high, low)).toBe(i);
      }),
    );
  });
});
