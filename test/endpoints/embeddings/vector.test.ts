import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  codec,
  comparison,
  EMBEDDING_TYPES,
  fromBytes,
  fromNumbers,
  MOST_BYTES,
  numbersOf,
  toJson,
  type Vector,
} from '../../../src/endpoints/embeddings/vector.ts';

const finite = fc.float({ noNaN: true, noDefaultInfinity: true });
const NUMBERS = {
  float: finite,
  int8: fc.integer({ min: -128, max: 127 }),
  uint8: fc.integer({ min: 0, max: 255 }),
  binary: fc.integer({ min: -128, max: 127 }),
  ubinary: fc.integer({ min: 0, max: 255 }),
};
const lists = fc
  .constantFrom(...EMBEDDING_TYPES)
  .chain((type) => fc.tuple(fc.constant(type), fc.array(NUMBERS[type], { minLength: 1, maxLength: 20 })));

describe('a vector', () => {
  test('gives its numbers back to the bit: as such, as JSON in either form, and from its bytes', () => {
    fc.assert(
      fc.property(lists, ([type, numbers]) => {
        const vector = fromNumbers(type, numbers)!;
        expect([...numbersOf(vector)]).toEqual(numbers);
        expect(JSON.parse(toJson(vector, 'float')).map(Math.fround)).toEqual(numbers);
        expect(fromBytes(type, Buffer.from(JSON.parse(toJson(vector, 'base64')), 'base64'))).toEqual(vector);
        expect(codec.decode(codec.encode(vector))).toEqual(vector);
        expect(comparison.distance(vector, vector)).toBe(0);
      }),
    );
  });

  test('in base64 is little-endian', () => {
    expect(toJson(fromNumbers('float', [1, -2])!, 'base64')).toBe('"AACAPwAAAMA="');
  });

  test('keeps no larger buffer in memory than its own', () => {
    const pool = Buffer.alloc(1000);
    for (const vector of [fromBytes('int8', pool.subarray(1, 5)), codec.decode(pool.subarray(0, 5))]) {
      expect(vector!.bytes.buffer.byteLength).toBeLessThanOrEqual(8);
    }
  });

  test.each<[string, Vector | undefined]>([
    ['no bytes', fromBytes('float', new Uint8Array(0))],
    ['three bytes of four', fromBytes('float', new Uint8Array(7))],
    ['a number that is none', fromBytes('float', new Uint8Array([0, 0, 0xc0, 0x7f]))],
    ['a number too large for a float', fromNumbers('float', [1e39])],
    ['a text among its numbers', fromNumbers('float', [1, '2'])],
    ['a fraction of a byte', fromNumbers('int8', [0.5])],
    ['a number above its type', fromNumbers('int8', [128])],
    ['a number below its type', fromNumbers('uint8', [-1])],
    ['more bytes than any', fromBytes('int8', new Uint8Array(MOST_BYTES + 1))],
    ['a type that nobody knows', codec.decode(new Uint8Array([EMBEDDING_TYPES.length, 1, 2, 3]))],
    ['nothing at all', codec.decode(new Uint8Array(0))],
  ])('is not made of %s', (_, vector) => {
    expect(vector).toBeUndefined();
  });
});

describe('the distance of two vectors', () => {
  const noisy = (type: 'float' | 'uint8', numbers: readonly number[], noise: number): number =>
    comparison.distance(
      fromNumbers(type, numbers)!,
      fromNumbers(
        type,
        numbers.map((number, i) => number + (i % 2 ? noise : -noise)),
      )!,
    );
  const wave = Array.from({ length: 1024 }, (_, i) => Math.sin(i) / 22);

  test('is far within the tolerance for the noise of half precision, and far beyond for another vector', () => {
    expect(noisy('float', wave, 0.0001)).toBeLessThan(comparison.tolerance / 10);
    expect(
      noisy(
        'uint8',
        wave.map((x) => Math.round(1000 * x) + 128),
        1,
      ),
    ).toBeLessThan(comparison.tolerance);
    const other = fromNumbers(
      'float',
      wave.map((_, i) => Math.cos(3 * i)),
    )!;
    expect(comparison.distance(fromNumbers('float', wave)!, other)).toBeGreaterThan(0.5);
  });

  test('of packed bits grows with the bits that differ', () => {
    const bits = new Array(128).fill(0b10101010);
    const apart = (...changed: number[]): number =>
      comparison.distance(
        fromNumbers('ubinary', bits)!,
        fromNumbers('ubinary', [...changed, ...bits.slice(changed.length)])!,
      );
    expect(apart(0b10101011)).toBeLessThan(comparison.tolerance);
    expect(apart(0, 0, 0, 0, 0, 0, 0)).toBeGreaterThan(comparison.tolerance);
    expect(apart(...new Array(128).fill(0b01010101))).toBeCloseTo(2);
  });

  test('is the largest there is when they are not of one kind', () => {
    const one = fromNumbers('int8', [1, 2])!;
    expect(comparison.distance(one, fromNumbers('int8', [1])!)).toBe(2);
    expect(comparison.distance(one, fromNumbers('uint8', [1, 2])!)).toBe(2);
  });
});
