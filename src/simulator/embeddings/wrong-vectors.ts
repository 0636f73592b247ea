/** Answers about vectors that are wrong in one way each, and others that are right though they are not of the usual form. */

import type { Fault } from '../faults.ts';
import type { EmbeddingsAnswer } from './answer.ts';

type Data = EmbeddingsAnswer['data'];
type Embedding = Data[number]['embedding'];

const changed = (change: (data: Data) => unknown): Fault => ({
  kind: 'wrong-vectors',
  make: ({ data, ...rest }) => ({ ...rest, data: change(data) }),
});

/** Each embedding as bytes, whatever its form. */
const bytesOf = (embedding: Embedding): Buffer =>
  typeof embedding === 'string'
    ? Buffer.from(embedding, 'base64')
    : Buffer.from(Float32Array.from(embedding).buffer);

const first = (change: (embedding: Embedding) => unknown): Fault =>
  changed(([head, ...rest]) => [{ ...head, embedding: change(head!.embedding) }, ...rest]);

const NOT_A_NUMBER = Buffer.from([0, 0, 0xc0, 0x7f]);

export const WRONG_VECTORS: readonly Fault[] = [
  changed(() => null),
  changed((data) => data.slice(1)),
  changed(([head, ...rest]) => [head, head, ...rest]),
  changed((data) => data.map((each) => ({ ...each, index: each.index + 1 }))),
  changed((data) => data.map((each) => ({ ...each, index: String(each.index) }))),
  changed((data) => data.map(({ index, object }) => ({ index, object }))),
  first(() => null),
  first(() => ''),
  first(() => []),
  // Three bytes of four, two letters that are no base64, and a vector of another length.
  first((embedding) => bytesOf(embedding).subarray(1).toString('base64')),
  first((embedding) => `!?${bytesOf(embedding).toString('base64').slice(2)}`),
  first((embedding) => Buffer.concat([NOT_A_NUMBER, bytesOf(embedding).subarray(4)]).toString('base64')),
  first(() => [0.5, 'a', 0.5]),
  first(() => [0.5, 1e39]),
];

export const OTHER_VECTORS: readonly Fault[] = [
  changed((data) => [...data].reverse()),
  // Numbers although base64 was asked for.
  changed((data) =>
    data.map((each) => {
      const bytes = bytesOf(each.embedding);
      const numbers = Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(4 * i));
      return { ...each, embedding: numbers };
    }),
  ),
];
