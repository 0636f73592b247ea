/**
 * Bounds the memory that a JSON body takes when it is parsed, before it is parsed: sixteen megabytes of `{},` are half a
 * gigabyte of objects. One pass over the bytes, which skips long strings. It checks the structure only: a body that is not
 * JSON may pass, and the parser refuses it.
 */

import { invalidField, RerankError } from '../calls/errors.ts';
import { isExact, type Span } from './exact-numbers.ts';

/**
 * The deepest nesting of containers, the body itself included. Far more than any document has, and far less than would
 * exhaust the stack: JSON is parsed without recursion, but serialized with it.
 */
export const MAX_DEPTH = 64;

/**
 * The most array items and object members, containers included. A thousand documents with the hundred fields that
 * `rank_fields` may name are 101,105; about half as many may be added. In the worst case, objects whose fields all have
 * different names, such a body takes 0.2 s to parse, and 60 MB meanwhile.
 */
export const MAX_VALUES = 150_000;

export interface Structure {
  /** The deepest nesting of containers. */
  readonly depth: number;
  /** Values of every kind, the outermost included. */
  readonly values: number;
  /** Ranges of the numbers within documents that a double would change. */
  readonly inexact: readonly Span[];
}

const LITERAL = 0;
const SPACE = 1;
const QUOTE = 2;
const OPEN = 3;
const CLOSE = 4;
const COLON = 5;
const COMMA = 6;

const KINDS = new Uint8Array(256);
for (const [characters, kind] of [
  [' \t\n\r', SPACE],
  ['"', QUOTE],
  ['[{', OPEN],
  [']}', CLOSE],
  [':', COLON],
  [',', COMMA],
] as const) {
  for (const character of characters) KINDS[character.charCodeAt(0)] = kind;
}

const QUOTE_BYTE = 0x22;
const BACKSLASH = 0x5c;
const LIST = 0x5b;

/**
 * Throws `invalid_request` when there are too many values or they are nested too deeply, and nothing else, whatever the bytes.
 * @param fields names of the body's own fields, which an error may name
 */
export const checkStructure = (bytes: Buffer, fields: readonly string[]): Structure => {
  let depth = 0;
  let deepest = 0;
  let values = 0;
  const inexact: Span[] = [];
  /** The range of the name of the body's present field. */
  let name: [from: number, to: number] | undefined;
  /** The index of the present item in that field's list; undefined when it holds no list. */
  let item: number | undefined;

  const refuse = (problem: string, at?: number): never => {
    const sent = name && bytes.toString('latin1', ...name);
    const field = fields.find((known) => known === sent);
    if (field === undefined) throw new RerankError('invalid_request', `The request body ${problem}`);
    throw invalidField(at === undefined ? field : `${field}[${at}]`, problem);
  };

  for (let i = 0; i < bytes.length; ) {
    switch (KINDS[bytes[i]!]) {
      case QUOTE: {
        const end = endOfString(bytes, i + 1);
        let next = end;
        while (KINDS[bytes[next]!] === SPACE) next++;
        if (KINDS[bytes[next]!] === COLON) {
          if (depth === 1) name = [i + 1, end - 1];
        } else values++;
        i = next;
        break;
      }
      case OPEN:
        values++;
        if (++depth > deepest) deepest = depth;
        if (depth === 2) item = bytes[i] === LIST ? 0 : undefined;
        if (depth > MAX_DEPTH) refuse(`is nested deeper than ${MAX_DEPTH} levels.`, item);
        i++;
        break;
      case CLOSE:
        if (--depth === 1) item = undefined;
        i++;
        break;
      case COMMA:
        if (depth === 2 && item !== undefined) item++;
        i++;
        break;
      case LITERAL: {
        const from = i;
        values++;
        while (i < bytes.length && KINDS[bytes[i]!] === LITERAL) i++;
        // Deeper than the list of documents, in whatever way the name of its field was escaped.
        if (depth > 2 && !isExact(bytes.toString('latin1', from, i))) {
          inexact.push([from, i]);
        }
        break;
      }
      default:
        i++;
    }
    if (values > MAX_VALUES) refuse(`goes beyond the ${MAX_VALUES} values that a body may hold.`);
  }
  return { depth: deepest, values, inexact };
};

/**
 * Bytes of a string that are checked one by one before a search for its end: starting a search costs as much as about a dozen
 * of them, so it must not be started at each of a million escaped quotes.
 */
const NEAR = 32;

/** The index behind a string's closing quote. @param from behind the opening quote, or behind an escape */
const endOfString = (bytes: Buffer, from: number): number => {
  let i = from;
  for (;;) {
    for (const far = i + NEAR; i < far; i++) {
      const byte = bytes[i];
      if (byte === QUOTE_BYTE) return i + 1;
      if (byte === BACKSLASH) i++;
    }
    if (i >= bytes.length) return bytes.length;
    const quote = bytes.indexOf(QUOTE_BYTE, i);
    if (quote < 0) return bytes.length;
    let slashes = 0;
    while (quote - slashes > i && bytes[quote - slashes - 1] === BACKSLASH) slashes++;
    if (slashes % 2 === 0) return quote + 1;
    i = quote + 1;
  }
};
