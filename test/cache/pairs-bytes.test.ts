import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_SKEW_MS } from '../../src/cache/freshness.ts';
import {
  find,
  fromBytes,
  MAX_PAIRS,
  type Pairs,
  pack,
  ROW,
  ROW_BYTES,
  toBytes,
} from '../../src/cache/pairs.ts';
import { Digests } from '../../src/calls/digests.ts';

/** Epoch milliseconds. */
const NOW = 1_800_000_000_000;

const score = fc.double({ min: -1e6, max: 1e6, noNaN: true });
const moment = fc.double({ min: 0, max: NOW + MAX_SKEW_MS, noNaN: true });
/** Numbers of a digest are bytes of any kind; NaN would come back with other bits from a test's array. */
const anything = fc.double({ noNaN: true });
const good = fc.tuple(anything, anything, score, moment);
const odd = fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, -1e7, 7e307, NOW * 2, -1, Number.MAX_VALUE);
const row = fc.oneof(
  good,
  fc.tuple(anything, anything, odd, moment),
  fc.tuple(anything, anything, score, odd),
);
const isGood = ([, , score, moment]: readonly number[]): boolean =>
  Math.abs(score!) <= 1e6 && moment! >= 0 && moment! <= NOW + MAX_SKEW_MS;
const pairs = fc.array(good, { maxLength: 10 }).map((rows): Pairs => Float64Array.from(rows.flat()));

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
        const read = fromBytes(bytes, NOW);
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
        expect(fromBytes(toBytes(part), NOW)).toEqual(part);
      }),
    );
  });

  test('are read into memory of their own', () => {
    const bytes = toBytes(Float64Array.of(1, 2, 3, 4));
    const read = fromBytes(bytes, NOW);
    bytes.fill(0);
    expect([...read]).toEqual([1, 2, 3, 4]);
  });
});

describe('bytes that are no pairs', () => {
  test('however many, cost no more than the most pairs that are kept', () => {
    const bytes = Buffer.alloc(ROW_BYTES * (MAX_PAIRS + 1000));
    expect(fromBytes(bytes, NOW)).toHaveLength(ROW * MAX_PAIRS);
  });

  test('of any kind are read without a word, as rows of a score and a moment only', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5 * ROW_BYTES + 3 }), fc.nat({ max: 9 }), (bytes, by) => {
        const read = fromBytes(shifted(bytes, by), NOW);
        expect(read.length % ROW).toBe(0);
        expect(read.length).toBeLessThanOrEqual(ROW * Math.floor(bytes.length / ROW_BYTES));
        for (let row = 0; row < read.length; row += ROW)
          expect(isGood([...read.subarray(row, row + ROW)])).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test('among good rows take nothing but themselves away', () => {
    fc.assert(
      fc.property(fc.array(row, { maxLength: 10 }), fc.nat({ max: ROW_BYTES - 1 }), (rows, more) => {
        const bytes = Buffer.concat([toBytes(Float64Array.from(rows.flat())), Buffer.alloc(more, 0x3f)]);
        expect(fromBytes(bytes, NOW)).toEqual(Float64Array.from(rows.filter(isGood).flat()));
      }),
    );
  });

  test('cut off anywhere, or put behind others, never give a document a score that is not its own', () => {
    const digests = Digests.of(['a', 'b', 'c']);
    const scores = Float64Array.of(0.1, 0.2, 0.3);
    const stored = toBytes(pack(digests, scores, new Float64Array(3)));
    const scoresIn = (bytes: Uint8Array): (number | undefined)[] => {
      const read = fromBytes(bytes, NOW);
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
