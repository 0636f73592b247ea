/** Vectors, the values of embeddings: their bytes, as the upstream sends them, and how two of one text are compared. */

import type { Codec, Comparison } from '../../calls/endpoint.ts';
import { MOST_DECIMAL_BYTES, writeDecimal } from './decimals.ts';

/** The types of a vector's numbers. Kept with each vector in Redis by its index here: add at the end only. */
export const EMBEDDING_TYPES = ['float', 'int8', 'uint8', 'binary', 'ubinary'] as const;
export type EmbeddingType = (typeof EMBEDDING_TYPES)[number];

export interface Vector {
  readonly type: EmbeddingType;
  /** Float32, little-endian; of other types a byte a number. Its own: no larger buffer is kept in memory for it. */
  readonly bytes: Uint8Array;
}

export type Vectors = readonly Vector[];

const FLOAT_BYTES = 4;
const LIST = 0x5b;
const COMMA = 0x2c;
/** Four times the numbers of any model. */
const MOST_NUMBERS = 8192;
export const MOST_BYTES = FLOAT_BYTES * MOST_NUMBERS;

/** The least and the largest of the numbers that are a byte each. */
const RANGES: Readonly<Record<Exclude<EmbeddingType, 'float'>, readonly [number, number]>> = {
  int8: [-128, 127],
  uint8: [0, 255],
  binary: [-128, 127],
  ubinary: [0, 255],
};

/** A vector of these bytes; undefined when they are none, or hold a number that is not finite. @param bytes copied */
export const fromBytes = (type: EmbeddingType, bytes: Uint8Array): Vector | undefined => {
  if (bytes.length === 0 || bytes.length > MOST_BYTES) return undefined;
  const vector = { type, bytes: new Uint8Array(bytes) };
  if (type !== 'float') return vector;
  if (bytes.length % FLOAT_BYTES !== 0) return undefined;
  return numbersOf(vector).every(Number.isFinite) ? vector : undefined;
};

/** A vector of these numbers, floats rounded to float32; undefined when one of them is none of the type. */
export const fromNumbers = (type: EmbeddingType, numbers: readonly unknown[]): Vector | undefined => {
  if (!numbers.every((number) => typeof number === 'number')) return undefined;
  if (type !== 'float') {
    const [least, most] = RANGES[type];
    const isOfType = (number: number): boolean =>
      Number.isInteger(number) && number >= least && number <= most;
    return numbers.every(isOfType) ? fromBytes(type, Uint8Array.from(numbers)) : undefined;
  }
  const bytes = Buffer.alloc(FLOAT_BYTES * numbers.length);
  for (const [i, number] of numbers.entries()) bytes.writeFloatLE(number, FLOAT_BYTES * i);
  return fromBytes(type, bytes);
};

export const numbersOf = ({ type, bytes }: Vector): Float32Array | Int8Array | Uint8Array => {
  if (type === 'uint8' || type === 'ubinary') return bytes;
  if (type !== 'float') return new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const numbers = new Float32Array(bytes.length / FLOAT_BYTES);
  for (let i = 0; i < numbers.length; i++) numbers[i] = view.getFloat32(FLOAT_BYTES * i, true);
  return numbers;
};

/** The vector as JSON: a list of numbers, or a string of base64. */
export const toJson = (vector: Vector, encoding: 'float' | 'base64'): string => {
  const { type, bytes } = vector;
  if (encoding === 'base64') {
    return `"${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64')}"`;
  }
  const numbers = numbersOf(vector);
  return type === 'float' ? decimalsOf(numbers) : `[${numbers.join()}]`;
};

const decimalsOf = (numbers: ArrayLike<number>): string => {
  const buffer = Buffer.allocUnsafe(1 + numbers.length * (1 + MOST_DECIMAL_BYTES));
  let at = 0;
  for (let i = 0; i < numbers.length; i++) {
    buffer[at++] = i === 0 ? LIST : COMMA;
    at = writeDecimal(numbers[i]!, buffer, at);
  }
  return `${buffer.toString('latin1', 0, at)}]`;
};

/** Bytes of the objects of a vector. */
const OVERHEAD_BYTES = 200;

export const codec: Codec<Vector> = {
  sizeOf: ({ bytes }) => OVERHEAD_BYTES + bytes.length,
  encode: ({ type, bytes }) => Buffer.concat([Buffer.from([EMBEDDING_TYPES.indexOf(type)]), bytes]),
  decode(bytes) {
    const type = EMBEDDING_TYPES[bytes[0] ?? -1];
    return type && fromBytes(type, bytes.subarray(1));
  },
  maxBytes: 1 + MOST_BYTES,
};

/** 1 − cosine of the angle. Of packed bits the angle is estimated from the share of bits that differ. */
const distance = (one: Vector, other: Vector): number => {
  if (one.type !== other.type || one.bytes.length !== other.bytes.length) return 2;
  if (one.type === 'binary' || one.type === 'ubinary') {
    const bits = one.bytes.reduce((sum, byte, i) => sum + ONES[byte ^ other.bytes[i]!]!, 0);
    return 1 - Math.cos((Math.PI * bits) / (8 * one.bytes.length));
  }
  const middle = one.type === 'uint8' ? 128 : 0;
  const [a, b] = [numbersOf(one), numbersOf(other)];
  let [product, lengthA, lengthB, same] = [0, 0, 0, true];
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i]! - middle, b[i]! - middle];
    product += x * y;
    lengthA += x * x;
    lengthB += y * y;
    same &&= x === y;
  }
  // A vector of zeros has no angle.
  return same ? 0 : 1 - product / Math.sqrt(lengthA * lengthB || 1);
};

/** The number of ones in a byte. */
const ONES = Uint8Array.from({ length: 256 }, (_, byte) => byte.toString(2).replaceAll('0', '').length);

const COMPANIONS = ['The weather was fine on most days of that week.', 'Boundary layers on a flat plate.'];

export const comparison: Comparison<Vectors> = {
  distance,
  // Models that compute in half precision round differently in other batches, by about 0.0001; another model's vectors are
  // farther apart by hundreds of times.
  tolerance: 0.001,
  companions: (_, text) => COMPANIONS.filter((companion) => companion !== text),
};
