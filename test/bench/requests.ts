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
  Buffer.from(
    `POST ${path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer ${key}\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
