import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Digests } from '../../src/rerank/digests.ts';
import { find, fromBytes, type Pairs, pack, ROW, ROW_BYTES, toBytes } from '../../src/rerank/pairs.ts';

const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
const anything = fc.double();
const row = (number: fc.Arbitrary<number>) => fc.array(number, { minLength: ROW, maxLength: ROW });
const pairs = fc.array(row(finite), { maxLength: 10 }).map((rows): Pairs => Float64Array.from(rows.flat()));

/** The same bytes, at any place of a larger block: as a socket brings them. */
const shifted = (bytes: Uint8Array, by: number): Buffer => {
  const block = Buffer.alloc(bytes.length + by + 5, 0xff);
  block.set(bytes, by);
  return block.subarray(by, by + bytes.length);
};

describe('the bytes of pairs', () => {
  test('become the same pairs again, bit for bit, wherever they lie', () => {
    fc.assert(
      fc.property(pairs, fc.nat({ max: 17 }), (given, by) => {
        const bytes = shifted(toBytes(given), by);
        const read = fromBytes(bytes);
        expect(read).toEqual(given);
        expect(toBytes(read).equals(bytes)).toBe(true);
      }),
    );
  });

  test('are as many as the rows need, and those of a part only its own', () => {
    fc.assert(
      fc.property(pairs, (given) => {
        expect(toBytes(given)).toHaveLength((ROW_BYTES * given.length) / ROW);
        const part = given.subarray(ROW * Math.floor(given.length / ROW / 2));
        expect(fromBytes(toBytes(part))).toEqual(part);
      }),
    );
  });

  test('are read into memory of their own', () => {
    const bytes = toBytes(Float64Array.of(1, 2, 3, 4));
    const read = fromBytes(bytes);
    bytes.fill(0);
    expect([...read]).toEqual([1, 2, 3, 4]);
  });
});

describe('bytes that are no pairs', () => {
  test('of any kind are read without a word, as rows of finite numbers only', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5 * ROW_BYTES + 3 }), fc.nat({ max: 9 }), (bytes, by) => {
        const read = fromBytes(shifted(bytes, by));
        expect(read.length % ROW).toBe(0);
        expect(read.length).toBeLessThanOrEqual(ROW * Math.floor(bytes.length / ROW_BYTES));
        expect(read.every(Number.isFinite)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test('among good rows take nothing but themselves away', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(row(finite), row(anything)), { maxLength: 10 }),
        fc.nat({ max: ROW_BYTES - 1 }),
        (rows, more) => {
          const bytes = Buffer.concat([toBytes(Float64Array.from(rows.flat())), Buffer.alloc(more, 0x3f)]);
          const good = rows.filter((numbers) => numbers.every(Number.isFinite));
          expect(fromBytes(bytes)).toEqual(Float64Array.from(good.flat()));
        },
      ),
    );
  });

  test('cut off anywhere, or put behind others, never give a document a score that is not its own', () => {
    const digests = Digests.of(['a', 'b', 'c']);
    const scores = Float64Array.of(0.1, 0.2, 0.3);
    const stored = toBytes(pack(digests, scores, new Float64Array(3)));
    const scoresIn = (bytes: Uint8Array): (number | undefined)[] => {
      const read = fromBytes(bytes);
      return Array.from(find(read, digests), (at) => (at < 0 ? undefined : read[at + 2]));
    };
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2 * ROW_BYTES }), fc.nat({ max: 96 }), (garbage, cut) => {
        const whole = Math.floor(cut / ROW_BYTES);
        const expected = [...scores].map((score, i) => (i < whole ? score : undefined));
        expect(scoresIn(stored.subarray(0, cut))).toEqual(expected);
        const behind = scoresIn(Buffer.concat([garbage, stored]));
        const aligned = garbage.length % ROW_BYTES === 0;
        expect(behind).toEqual(aligned ? [...scores] : [undefined, undefined, undefined]);
      }),
    );
  });
});
