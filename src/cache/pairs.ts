/**
 * Scored pairs of one question, packed, one row a document: 32 bytes with the document's digest (16), its score and the time at
 * which it left the upstream (epoch ms). Both are doubles, so that scores are bit for bit what the upstream sent. The format
 * is the same in memory and in Redis.
 */

import { DIGEST_NUMBERS, DIGEST_WORDS, Digests, wordsOf } from '../calls/digests.ts';
import { MAX_SKEW_MS } from './freshness.ts';

export type Pairs = Float64Array;

/** Doubles in a row; the first two hold the digest's bytes. */
export const ROW = DIGEST_NUMBERS + 2;
export const ROW_BYTES = ROW * Float64Array.BYTES_PER_ELEMENT;
const ROW_WORDS = DIGEST_WORDS + 4;

/** The most pairs kept of one question, the newest ones. Four times the documents of the largest request. */
export const MAX_PAIRS = 4096;

/** No model's score has a larger absolute value: Cohere's and Amazon's lie in [0, 1], others are logits. */
const MAX_SCORE = 1e6;

/** For each document, the index at which its row begins; −1: it has none. */
export const find = (pairs: Pairs, digests: Digests): Int32Array => {
  const rows = new Int32Array(digests.count).fill(-1);
  const words = wordsOf(pairs);
  for (let row = 0; ROW * row < pairs.length; row++) {
    const document = digests.indexOf(words, ROW_WORDS * row);
    if (document >= 0) rows[document] = ROW * row;
  }
  return rows;
};

/** @param scoredAt epoch milliseconds, one for each document */
export const pack = (digests: Digests, scores: Float64Array, scoredAt: Float64Array): Pairs => {
  const pairs = new Float64Array(ROW * digests.count);
  const words = wordsOf(pairs);
  for (let i = 0; i < digests.count; i++) {
    for (let word = 0; word < DIGEST_WORDS; word++) {
      words[ROW_WORDS * i + word] = digests.words[DIGEST_WORDS * i + word]!;
    }
    pairs[ROW * i + 2] = scores[i]!;
    pairs[ROW * i + 3] = scoredAt[i]!;
  }
  return pairs;
};

/**
 * The newest `MAX_PAIRS` rows of both; of a document in both, the newer row. Neither argument is changed.
 * @param now epoch milliseconds: rows from the future (a clock was set back) count as the oldest
 */
export const merge = (older: Pairs, newer: Pairs, now: number): Pairs => {
  if (older.length === 0) return newer;
  const moment = (at: number): number => (at <= now + MAX_SKEW_MS ? at : Number.NEGATIVE_INFINITY);
  const rows = find(older, digestsOf(newer));
  const outdated = new Set<number>();
  const kept: Float64Array[] = [];
  for (const [i, row] of [...rowsOf(newer)].entries()) {
    const other = rows[i]!;
    if (other >= 0 && moment(older[other + 3]!) > row[3]!) continue;
    if (other >= 0) outdated.add(other);
    kept.push(row);
  }
  const all = [...rowsOf(older)].filter((_, i) => !outdated.has(ROW * i)).concat(kept);
  return join(
    all.length > MAX_PAIRS ? all.sort((a, b) => moment(a[3]!) - moment(b[3]!)).slice(-MAX_PAIRS) : all,
  );
};

/** The bytes of pairs, for a store outside the process. Writer and reader are little-endian, as is every machine that node runs on. */
export const toBytes = (pairs: Pairs): Buffer =>
  Buffer.from(pairs.buffer, pairs.byteOffset, pairs.byteLength);

/**
 * The pairs in these bytes, at most `MAX_PAIRS`. Rows without a valid score and time are left out: another program may have
 * written them, and a score from the future would never age.
 * @param now epoch milliseconds
 */
export const fromBytes = (bytes: Uint8Array, now: number): Pairs => {
  const rows = Math.min(MAX_PAIRS, Math.floor(bytes.byteLength / ROW_BYTES));
  // A copy: doubles must begin at a multiple of eight, and bytes from a socket may begin anywhere.
  const pairs = new Float64Array(Uint8Array.prototype.slice.call(bytes, 0, rows * ROW_BYTES).buffer);
  const isPair = (score: number, moment: number): boolean =>
    Math.abs(score) <= MAX_SCORE && moment >= 0 && moment <= now + MAX_SKEW_MS;
  for (let row = 0; row < pairs.length; row += ROW) {
    if (isPair(pairs[row + 2]!, pairs[row + 3]!)) continue;
    return join([...rowsOf(pairs)].filter(([, , score, moment]) => isPair(score!, moment!)));
  }
  return pairs;
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
  const digests = new Float64Array((DIGEST_NUMBERS * pairs.length) / ROW);
  for (let i = 0; ROW * i < pairs.length; i++) {
    digests.set(pairs.subarray(ROW * i, ROW * i + DIGEST_NUMBERS), DIGEST_NUMBERS * i);
  }
  return new Digests(digests);
};
