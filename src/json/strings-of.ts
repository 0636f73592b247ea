/**
 * Reads a body of the usual form: an object of scalars and one list of strings, without escapes. Each string is then its own
 * UTF-8 text: a slice of the body, which can be hashed as it stands and need not be decoded. Any other body is left to
 * `JSON.parse`, which alone decides what is JSON: this reader never accepts a body that is not.
 */

import { isUtf8 } from 'node:buffer';

/** A string's bytes in the body, without its quotes. */
export type Slice = readonly [from: number, to: number];

export type Scalar =
  | { readonly kind: 'string'; readonly slice: Slice }
  /** A number, `true`, `false` or `null`, as it was written. */
  | { readonly kind: 'literal'; readonly text: string };

export interface Plain {
  /** Scalars by their names, each of which occurs once. */
  readonly scalars: ReadonlyMap<string, Scalar>;
  /** Begin and end of each string of the list, alternating. */
  readonly bounds: Uint32Array;
}

const TAB = 0x09;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const LIST = 0x5b;
const BACKSLASH = 0x5c;
const LIST_END = 0x5d;
const OBJECT = 0x7b;
const OBJECT_END = 0x7d;

/** No program sends more. Bounded, since each name is compared with all names before it. */
const MOST_FIELDS = 32;

/** The longest literal that is accepted. */
const MOST_LITERAL = 32;
const LITERAL = /^(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?)$/;

/**
 * @param list the name of the field that holds the list
 * @param most the most strings that the list may have
 * @returns undefined when the body has any other form
 */
export const readPlain = (body: Buffer, list: string, most: number): Plain | undefined => {
  if (body.includes(BACKSLASH) || !isUtf8(body)) return undefined;
  // Most bodies hold no control character, or only between their parts. Each string is looked at only if there is one.
  const suspect = hasControls(body, 0, body.length);
  const scalars = new Map<string, Scalar>();
  let bounds: Uint32Array | undefined;
  let at = 0;
  const space = (): void => {
    while (isSpace(body[at])) at++;
  };
  /** Reads the string at the current position and moves behind it; undefined when there is none. */
  const string = (): Slice | undefined => {
    if (body[at] !== QUOTE) return undefined;
    const from = at + 1;
    const to = body.indexOf(QUOTE, from);
    if (to < 0 || (suspect && hasControls(body, from, to))) return undefined;
    at = to + 1;
    return [from, to];
  };

  space();
  if (body[at++] !== OBJECT) return undefined;
  for (let fields = 0; ; fields++) {
    space();
    const name = string();
    if (name === undefined || fields >= MOST_FIELDS) return undefined;
    const field = body.toString('utf8', ...name);
    if (scalars.has(field) || (bounds !== undefined && field === list)) return undefined;
    space();
    if (body[at++] !== COLON) return undefined;
    space();
    if (field === list) {
      const read = readList(body, at, most, suspect);
      if (read === undefined) return undefined;
      bounds = read.bounds;
      at = read.end;
    } else {
      const slice = string();
      const scalar: Scalar | undefined = slice ? { kind: 'string', slice } : literalAt(body, at);
      if (scalar === undefined) return undefined;
      if (scalar.kind === 'literal') at += scalar.text.length;
      scalars.set(field, scalar);
    }
    space();
    const next = body[at++];
    if (next === COMMA) continue;
    if (next !== OBJECT_END || bounds === undefined) return undefined;
    space();
    return at === body.length ? { scalars, bounds } : undefined;
  }
};

const readList = (
  body: Buffer,
  start: number,
  most: number,
  suspect: boolean,
): { bounds: Uint32Array; end: number } | undefined => {
  const bounds = new Uint32Array(2 * most);
  let at = start;
  if (body[at++] !== LIST) return undefined;
  for (let count = 0; count < most; count++) {
    while (isSpace(body[at])) at++;
    if (body[at] !== QUOTE) return undefined;
    const end = body.indexOf(QUOTE, at + 1);
    if (end < 0 || (suspect && hasControls(body, at + 1, end))) return undefined;
    bounds[2 * count] = at + 1;
    bounds[2 * count + 1] = end;
    at = end + 1;
    while (isSpace(body[at])) at++;
    const next = body[at++];
    if (next === LIST_END) return { bounds: bounds.subarray(0, 2 * count + 2), end: at };
    if (next !== COMMA) return undefined;
  }
  return undefined;
};

const literalAt = (body: Buffer, at: number): Scalar | undefined => {
  let end = at;
  while (end - at < MOST_LITERAL && isOfLiteral(body[end])) end++;
  const text = body.toString('latin1', at, end);
  return LITERAL.test(text) ? { kind: 'literal', text } : undefined;
};

const isOfLiteral = (byte: number | undefined): boolean =>
  byte !== undefined && byte !== COMMA && byte !== OBJECT_END && !isSpace(byte);

/** What JSON allows between its parts (RFC 8259 §2). */
const isSpace = (byte: number | undefined): boolean =>
  byte === SPACE || byte === LINE_FEED || byte === TAB || byte === CARRIAGE_RETURN;

/**
 * Whether a part of the body holds a byte below that of a blank, as no string of JSON may. Four bytes at a time: subtracting
 * a blank from each byte of a word sets a byte's highest bit if the byte is smaller than a blank, or if such a byte below it
 * has borrowed.
 */
const hasControls = (body: Buffer, from: number, to: number): boolean => {
  let at = from;
  for (; at < to && (body.byteOffset + at) % 4 !== 0; at++) if (body[at]! < SPACE) return true;
  if (at === to) return false;
  const words = new Int32Array(body.buffer, body.byteOffset + at, (to - at) >> 2);
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (((word - 0x20202020) & ~word & 0x80808080) !== 0) return true;
  }
  for (at += 4 * words.length; at < to; at++) if (body[at]! < SPACE) return true;
  return false;
};
