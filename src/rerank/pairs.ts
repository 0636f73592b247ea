/**
 * Scored pairs of one question, packed: four doubles a row – the two numbers of the document's digest, its score, and
 * the moment it left the upstream (epoch ms). 32 bytes a pair, in memory as in Redis; doubles, so that scores are bit for
 * bit what the upstream sent. One row a document.
 */

import { Digests } from './digests.ts';

export type Pairs = Float64Array;

/** Doubles in a row. */
export const ROW = 4;
export const ROW_BYTES = ROW * Float64Array.BYTES_PER_ELEMENT;

/** Pairs kept of one question; beyond that the oldest go. Four times what one request may ask. */
export const MAX_PAIRS = 4096;

/** For each document, where its row begins; −1: it has none. */
export const find = (pairs: Pairs, digests: Digests): Int32Array => {
  const rows = new Int32Array(digests.count).fill(-1);
  for (let row = 0; row < pairs.length; row += ROW) {
    const document = digests.indexOf(pairs[row]!, pairs[row + 1]!);
    if (document >= 0) rows[document] = row;
  }
  return rows;
};

/** @param scoredAt epoch milliseconds, one for each document */
export const pack = (digests: Digests, scores: Float64Array, scoredAt: Float64Array): Pairs => {
  const pairs = new Float64Array(ROW * digests.count);
  for (let i = 0; i < digests.count; i++) {
    pairs[ROW * i] = digests.numbers[2 * i]!;
    pairs[ROW * i + 1] = digests.numbers[2 * i + 1]!;
    pairs[ROW * i + 2] = scores[i]!;
    pairs[ROW * i + 3] = scoredAt[i]!;
  }
  return pairs;
};

/** Both, of a document in both the newer, cut to the newest `MAX_PAIRS`. Neither argument is changed. */
export const merge = (older: Pairs, newer: Pairs): Pairs => {
  if (older.length === 0) return newer;
  const rows = find(older, digestsOf(newer));
  const outdated = new Set<number>();
  const kept: Float64Array[] = [];
  for (const [i, row] of [...rowsOf(newer)].entries()) {
    const other = rows[i]!;
    if (other >= 0 && older[other + 3]! > row[3]!) continue;
    if (other >= 0) outdated.add(other);
    kept.push(row);
  }
  const all = [...rowsOf(older)].filter((_, i) => !outdated.has(ROW * i)).concat(kept);
  return join(all.length > MAX_PAIRS ? all.sort((a, b) => a[3]! - b[3]!).slice(-MAX_PAIRS) : all);
};

/** The bytes of pairs, for a store outside the process. Both ends are little-endian, as everything that node runs on. */
export const toBytes = (pairs: Pairs): Buffer =>
  Buffer.from(pairs.buffer, pairs.byteOffset, pairs.byteLength);

/** The pairs in these bytes. Whatever is no row of finite numbers is left out: another program's value is no score. */
export const fromBytes = (bytes: Uint8Array): Pairs => {
  const whole = bytes.byteLength - (bytes.byteLength % ROW_BYTES);
  // A copy: doubles must lie on a multiple of eight, and what a socket brought lies anywhere.
  const pairs = new Float64Array(Uint8Array.prototype.slice.call(bytes, 0, whole).buffer);
  if (pairs.every(Number.isFinite)) return pairs;
  return join([...rowsOf(pairs)].filter((row) => row.every(Number.isFinite)));
};

function* rowsOf(pairs: Pairs): Generator<Float64Array> {
  for (let row = 0; row < pairs.length; row += ROW) yield pairs.subarray(row, row + ROW);
}

const join = (rows: readonly Float64Array[]): Pairs => {
  const pairs = new Float64Array(ROW * rows.length);
  for (const [i, row] of rows.entries()) pairs.set(row, ROW * i);
  return pairs;
};

const digestsOf = (pairs: Pairs): Digests => {
  const numbers = new Float64Array((2 * pairs.length) / ROW);
  for (let i = 0; i < numbers.length / 2; i++) {
    numbers[2 * i] = pairs[ROW * i]!;
    numbers[2 * i + 1] = pairs[ROW * i + 1]!;
  }
  return new Digests(numbers);
};
