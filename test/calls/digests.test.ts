import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concatenate, DIGEST_BYTES, DIGEST_NUMBERS, DIGEST_WORDS, Digests } from '../../src/calls/digests.ts';

/** Well-formed, as requests are once they are parsed; few letters, so that texts are often equal or nearly so. */
const text = fc.oneof(
  fc.string({ unit: fc.constantFrom('a', 'b', ' ', '\u0000', 'é', '😀'), maxLength: 3 }),
  fc.string({ unit: 'binary', maxLength: 20 }),
);
const texts = fc.array(text, { maxLength: 20 });

/** Any bytes at all: among them doubles that are NaN, or −0, which equals 0. */
const word = fc.constantFrom(0, 1, 0x7ff8_0000, 0x8000_0000, 0xffff_ffff);

const digestsFrom = (all: readonly (readonly number[])[]): Digests => {
  const digests = new Digests(new Float64Array(DIGEST_NUMBERS * all.length));
  digests.words.set(all.flat());
  return digests;
};

/** Digests that are all different, though often in one word only. */
const colliding = fc
  .uniqueArray(fc.tuple(word, word, word, word), { maxLength: 40, selector: String })
  .map((all) => ({ all, digests: digestsFrom(all) }));

const digestOf = ({ words }: Digests, i: number): string =>
  words.subarray(DIGEST_WORDS * i, DIGEST_WORDS * (i + 1)).join('.');

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

  test('are the first 128 bits of SHA-256', () => {
    const documents = ['', 'dyno', '😀'];
    const { numbers } = Digests.of(documents);
    const expected = documents.map((text) =>
      createHash('sha256').update(text).digest().subarray(0, DIGEST_BYTES),
    );
    expect(Buffer.from(numbers.buffer).equals(Buffer.concat(expected))).toBe(true);
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
      fc.property(colliding, ({ all, digests }) => {
        for (const [i, [a, b, c, d]] of all.entries()) {
          expect(digests.indexOf(Uint32Array.of(9, a, b, c, d), 1)).toBe(i);
          for (const other of [
            [2, b, c, d],
            [a, 2, c, d],
            [a, b, 2, d],
            [a, b, c, 2],
          ]) {
            expect(digests.indexOf(Uint32Array.from(other), 0)).toBe(-1);
          }
        }
      }),
    );
  });

  test('never among none', () => {
    expect(Digests.of([]).indexOf(new Uint32Array(DIGEST_WORDS), 0)).toBe(-1);
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
      fc.property(colliding, fc.nat({ max: 40 }), ({ all: each, digests }, cut) => {
        const at = DIGEST_NUMBERS * Math.min(cut, each.length);
        const all = concatenate([
          new Digests(digests.numbers.slice(0, at)),
          new Digests(digests.numbers.slice(at)),
        ]);
        for (const i of each.keys()) expect(all.indexOf(digests.words, DIGEST_WORDS * i)).toBe(i);
      }),
    );
  });
});
