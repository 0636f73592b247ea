/**
 * Bounds what a body of JSON may become in memory, before anything of it is built: sixteen megabytes of `{},` are half a
 * gigabyte of objects. One pass over the bytes, which jumps over long strings; it judges structure only, so what is
 * not JSON may pass, and is for the parser to refuse.
 */

import { invalidField, RerankError } from '../calls/errors.ts';
import { isExact, type Span } from './exact-numbers.ts';

/**
 * Containers within one another, the body itself included. Far beyond any document, and far below where writing one
 * back would exhaust the stack: JSON is read without recursion but written with it.
 */
export const MAX_DEPTH = 64;

/**
 * Array items and object members, containers included. A thousand documents with the hundred fields that
 * `rank_fields` may name are 101,105; half as many may stand beside them. At the worst, objects of fields that all
 * have different names, such a body takes 0.2 s to parse and 60 MB while that lasts.
 */
export const MAX_VALUES = 150_000;

export interface Structure {
  /** Containers within one another, at the deepest place. */
  readonly depth: number;
  /** Values of every kind, the outermost included. */
  readonly values: number;
  /** Where numbers stand, within documents, that a double would change. */
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
 * Throws `invalid_request` when there is too much or too deep a structure, and nothing else, whatever the bytes.
 * @param fields names of the body's own fields, which an error may repeat
 */
export const checkStructure = (bytes: Buffer, fields: readonly string[]): Structure => {
  let depth = 0;
  let deepest = 0;
  let values = 0;
  const inexact: Span[] = [];
  /** Where the name of the body's field stands that is being read. */
  let name: [from: number, to: number] | undefined;
  /** Which item of the list in that field is being read; undefined when it holds no list. */
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
        // Below the list of documents: whatever its field was written as, with escapes or without.
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
 * Bytes of a string that are looked at one by one, before its end is searched for: a search costs as much as some dozen
 * of them, so it must not be begun anew at each of a million escaped quotes.
 */
const NEAR = 32;

/** Where a string ends, its closing quote included. @param from behind the opening quote, or behind an escape */
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
