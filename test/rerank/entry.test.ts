import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeEntry, type Entry, encodeEntry } from '../../src/rerank/entry.ts';

const bits = (values: Float64Array): string =>
  Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('hex');

const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
const entry: fc.Arbitrary<Entry> = fc.record({
  values: fc.array(finite, { maxLength: 20 }).map((values) => Float64Array.from(values)),
  scoredAt: fc.oneof(fc.nat(), finite),
});

const expectRoundTrip = ({ values, scoredAt }: Entry): void => {
  const decoded = decodeEntry(encodeEntry({ values, scoredAt }), values.length);
  expect(decoded).toBeDefined();
  expect(bits(decoded!.values)).toBe(bits(values));
  expect(decoded!.scoredAt).toBe(scoredAt);
};

describe('an entry', () => {
  test('comes back from its bytes bit for bit', () => {
    fc.assert(fc.property(entry, expectRoundTrip));
  });

  test('comes back bit for bit with the numbers at the edge of what a score can be', () => {
    const edges = [-0, 0, Number.MIN_VALUE, -Number.MIN_VALUE, 2.2250738585072014e-308, Number.EPSILON];
    const more = [Number.MAX_VALUE, -Number.MAX_VALUE, 0.1 + 0.2, 1 - Number.EPSILON / 2];
    expectRoundTrip({ values: Float64Array.of(...edges, ...more), scoredAt: 1_700_000_000_000 });
  });

  test('comes back with 1,000 scores', () => {
    expectRoundTrip({ values: Float64Array.from({ length: 1000 }, (_, i) => Math.sin(i)), scoredAt: 1 });
  });

  test('is read where it lies in a larger buffer', () => {
    const values = Float64Array.of(1, 2, 3);
    const bytes = encodeEntry({ values, scoredAt: 5 });
    const padded = Buffer.concat([Buffer.from('xyz'), bytes, Buffer.from('xyz')]);
    expect(decodeEntry(padded.subarray(3, 3 + bytes.length), 3)).toEqual({ values, scoredAt: 5 });
  });
});

describe('bytes that are no entry for this many documents are a miss:', () => {
  const values = Float64Array.of(0.25, 0.5, 0.75);
  const valid = (): Buffer => encodeEntry({ values, scoredAt: 1_700_000_000_000 });

  test('what holds another number of scores', () => {
    for (const count of [0, 1, 2, 4, 1000]) expect(decodeEntry(valid(), count)).toBeUndefined();
  });

  test('what is cut off or has more behind it', () => {
    for (let length = 0; length < valid().length; length++) {
      expect(decodeEntry(valid().subarray(0, length), 3)).toBeUndefined();
    }
    expect(decodeEntry(Buffer.concat([valid(), Buffer.alloc(1)]), 3)).toBeUndefined();
  });

  test('what another version wrote', () => {
    for (let version = 0; version < 256; version++) {
      const bytes = valid();
      const own = bytes[0];
      bytes[0] = version;
      expect(decodeEntry(bytes, 3) === undefined).toBe(version !== own);
    }
  });

  test('what says another count than its length does', () => {
    const bytes = valid();
    bytes.writeUInt16LE(2, 9);
    expect(decodeEntry(bytes, 3)).toBeUndefined();
    expect(decodeEntry(bytes, 2)).toBeUndefined();
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])('what holds %d', (number) => {
    for (let i = 0; i < values.length; i++) {
      expect(decodeEntry(encodeEntry({ values: values.with(i, number), scoredAt: 1 }), 3)).toBeUndefined();
    }
    expect(decodeEntry(encodeEntry({ values, scoredAt: number }), 3)).toBeUndefined();
  });

  test.each(['', 'OK', '{"values":[0.25,0.5,0.75]}', 'another program’s value, 35 bytes.'])(
    'the text %j',
    (text) => {
      for (const count of [0, 1, 2, 3]) expect(decodeEntry(Buffer.from(text), count)).toBeUndefined();
    },
  );

  test('any bytes at all, unless they are exactly what would be written', () => {
    const random = fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes));
    const damaged = fc
      .tuple(entry, fc.nat(), fc.integer({ min: 0, max: 255 }))
      .map(([{ values, scoredAt }, at, byte]) => {
        const bytes = encodeEntry({ values, scoredAt });
        bytes[at % bytes.length] = byte;
        return bytes;
      });
    fc.assert(
      fc.property(fc.oneof(random, damaged), fc.nat({ max: 20 }), (bytes, count) => {
        const decoded = decodeEntry(bytes, count);
        if (decoded !== undefined) expect(encodeEntry(decoded).equals(bytes)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });
});
