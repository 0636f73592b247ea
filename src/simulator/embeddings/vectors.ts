/**
 * Vectors that need no model: words and triples of letters, hashed into 1,024 dimensions. Texts that share them are near one
 * another, and every text has a vector of its own.
 */

import { seededRandom } from '../random.ts';
import { fingerprint, words } from '../words.ts';
import type { EmbeddingsRequest } from './request.ts';

export const DIMENSIONS = 1024;

const WORD_WEIGHT = 2;
/** Length of what tells a text from others with the same words, in other order or of another `input_type`. */
const TEXTURE = 0.05;

/** A unit vector, whose numbers are float32. The same bits for the same text and type, whatever stands beside it. */
export function vectorOf(text: string, inputType: string): Float32Array {
  const sums = new Float64Array(DIMENSIONS);
  const add = (feature: string, weight: number): void => {
    const hash = fingerprint(feature);
    sums[hash % DIMENSIONS]! += hash & 0x80000000 ? weight : -weight;
  };
  for (const word of words(text)) {
    add(` ${word} `, WORD_WEIGHT);
    const spaced = ` ${word} `;
    for (let i = 0; i + 3 <= spaced.length; i++) add(spaced.slice(i, i + 3), 1);
  }
  const random = seededRandom(fingerprint(text, fingerprint(inputType)));
  const length = Math.max(1, lengthOf(sums));
  const scale = TEXTURE / Math.sqrt(DIMENSIONS / 12);
  for (let i = 0; i < DIMENSIONS; i++) sums[i] = sums[i]! / length + (random() - 0.5) * scale;
  const whole = lengthOf(sums);
  return Float32Array.from(sums, (sum) => sum / whole);
}

const lengthOf = (numbers: Float64Array): number =>
  Math.sqrt(numbers.reduce((sum, number) => sum + number * number, 0));

/** Numbers of a quantized vector span this range. */
const RANGE = 0.25;

const byteOf = (number: number): number =>
  Math.round((Math.max(-RANGE, Math.min(RANGE, number)) / RANGE) * 127);

/** Eight signs a byte, the first in the highest bit. */
const signs = (vector: Float32Array): number[] =>
  Array.from({ length: vector.length / 8 }, (_, byte) =>
    vector.subarray(8 * byte, 8 * byte + 8).reduce((bits, number) => 2 * bits + (number > 0 ? 1 : 0), 0),
  );

const FORMS = {
  float: (vector: Float32Array) => vector,
  int8: (vector: Float32Array) => Int8Array.from(vector, byteOf),
  uint8: (vector: Float32Array) => Uint8Array.from(vector, (number) => byteOf(number) + 128),
  // As Cohere defines it: the packed bytes, moved into the range of a signed one.
  binary: (vector: Float32Array) => Int8Array.from(signs(vector), (byte) => byte - 128),
  ubinary: (vector: Float32Array) => Uint8Array.from(signs(vector)),
} as const satisfies Record<EmbeddingsRequest['embedding_type'], (vector: Float32Array) => ArrayLike<number>>;

/** What is answered for one text: its numbers, or their bytes in base64. */
export function embeddingOf(text: string, request: EmbeddingsRequest): readonly number[] | string {
  const numbers = FORMS[request.embedding_type](vectorOf(text, request.input_type));
  if (request.encoding_format === 'raw') return Array.from(numbers);
  return Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength).toString('base64');
}
