/** Requests, serialized down to the byte before any clock runs. */

import type { Size } from './sizes.ts';

export const MODEL = 'cohere-rerank-3-5';

const WORDS =
  'the of and to in a is that for it as was with be by on not this are at from or have an they which one all were when ' +
  'there can more if no out so what up about into than them only some could time these two may then do first any like ' +
  'dyno router release build queue cache score document query window limit request answer memory model database region';
const VOCABULARY = WORDS.split(' ');

/** A linear congruential generator: the same texts in every run. */
const numbers = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
};

/**
 * One document in ten has an apostrophe beyond Latin-1, as prose has: a single one makes the engine keep the whole
 * body at two bytes a character, which a benchmark of pure ASCII would never see.
 */
const textOf = (bytes: number, number: number): string => {
  const random = numbers(number + 1);
  let text = `${number}${number % 10 === 0 ? ' it’s' : ''}`;
  while (Buffer.byteLength(text) < bytes) {
    text += ` ${VOCABULARY[Math.floor(random() * VOCABULARY.length)]}`;
  }
  const excess = Buffer.byteLength(text) - bytes;
  return excess > 0 ? text.slice(0, -excess) : text;
};

const documentsOf = new Map<Size, string>();

/** The documents of a size as JSON: the same ones in every request, whose queries differ. */
const documentsJson = (size: Size): string => {
  let json = documentsOf.get(size);
  if (json === undefined) {
    json = JSON.stringify(Array.from({ length: size.documents }, (_, i) => textOf(size.bytes, i)));
    documentsOf.set(size, json);
  }
  return json;
};

/** A rerank body; requests whose `query` differs have nothing in common for a cache. */
export const bodyOf = (size: Size, query: string): string =>
  `{"model":"${MODEL}","query":${JSON.stringify(query)},"documents":${documentsJson(size)}}`;

/** A whole HTTP/1.1 request on a kept connection. */
export const httpRequest = (path: string, key: string, body: string): Buffer =>
  Buffer.from(`${headOf(path, key, Buffer.byteLength(body))}${body}`);

const headOf = (path: string, key: string, bytes: number): string =>
  `POST ${path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer ${key}\r\nContent-Type: application/json\r\n` +
  `Content-Length: ${bytes}\r\n\r\n`;

/** Blanks that tell bodies apart: as many bits. */
const BLANKS = 24;

/**
 * The same question again and again, no two bodies equal: the documents begin with another one each time, `top_n` is another,
 * and so are the blanks. Pieces of one buffer, since to make a body of 2 MB anew takes longer than to answer it.
 */
export const permuted = (path: string, key: string, size: Size, query: string): (() => readonly Buffer[]) => {
  const list = Buffer.from(documentsJson(size).slice(1, -1));
  // No document has a quotation mark of its own.
  const starts = [0];
  for (let at = list.indexOf('","'); at >= 0; at = list.indexOf('","', at + 1)) starts.push(at + 2);
  let serial = 0;
  return () => {
    serial++;
    const start = starts[serial % starts.length]!;
    const blanks = Array.from({ length: BLANKS }, (_, bit) => ((serial >> bit) & 1 ? '\t' : ' ')).join('');
    const topN = 1 + (serial % size.documents);
    const before = `{${blanks}"top_n":${topN},"model":"${MODEL}","query":${JSON.stringify(query)},"documents":[`;
    const [one, other] = [list.subarray(start), list.subarray(0, Math.max(0, start - 1))];
    const comma = other.length > 0 ? ',' : '';
    const bytes = Buffer.byteLength(before) + list.length + 2;
    const head = Buffer.from(headOf(path, key, bytes) + before);
    const pieces = [head, one, Buffer.from(comma), other, Buffer.from(']}')];
    return list.length < MOST_COPIED ? [Buffer.concat(pieces)] : pieces;
  };
};

/** Smaller ones go in one piece: a copy costs less than a write. */
const MOST_COPIED = 100_000;
