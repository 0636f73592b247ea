/** A body's text as JSON. */

import { RerankError } from '../calls/errors.ts';

/** Throws `invalid_request` when the text is not JSON. A byte order mark is ignored, as parsers may (RFC 8259 §8.1). */
export const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text.startsWith('\ufeff') ? text.slice(1) : text);
  } catch {
    // The parser's own message quotes the body, which no error may repeat.
    throw new RerankError('invalid_request', 'The request body is not valid JSON.');
  }
};

/** Bytes of a text in memory: the engine stores one byte a character if all are Latin-1, otherwise two. */
export const bytesOf = (text: string): number =>
  Buffer.byteLength(text) === text.length ? text.length : 2 * text.length;
