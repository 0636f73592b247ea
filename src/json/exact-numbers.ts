/**
 * JSON numbers that a double would change: `1610521604143693812` becomes …800, so that two SKUs would be scored as one text,
 * and `4.0` becomes `4`. Before parsing, each is replaced by a string of a mark and its digits, which are read back after.
 *
 * Not a parser of our own: one that keeps the digits takes two hundred times as long, and blocks the event loop.
 */

import { randomBytes } from 'node:crypto';

/** Random and secret in each process, so that no caller's string begins with it. */
const MARK = `number:${randomBytes(16).toString('hex')}:`;

const MARKED = new RegExp(`"${MARK}([^"]*)"`, 'g');

/** The range of a number in a text, its end not included. */
export type Span = readonly [from: number, to: number];

/** JSON's numbers (RFC 8259 §6): the parser refuses anything else. */
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?$/;

/** Whether a JSON number is unchanged after a conversion to a double and back. */
export const isExact = (token: string): boolean => !NUMBER.test(token) || String(Number(token)) === token;

/** The JSON text with these numbers marked. */
export const marked = (bytes: Buffer, numbers: readonly Span[]): string => {
  if (numbers.length === 0) return bytes.toString('utf8');
  const parts: string[] = [];
  let at = 0;
  for (const [from, to] of numbers) {
    parts.push(bytes.toString('utf8', at, from), `"${MARK}${bytes.toString('latin1', from, to)}"`);
    at = to;
  }
  parts.push(bytes.toString('utf8', at));
  return parts.join('');
};

/** A value as parsed, or the digits of a number that was marked. */
export const digitsOf = (value: string): string =>
  value.startsWith(MARK) ? value.slice(MARK.length) : value;

/** JSON in which marked numbers are numbers again. */
export const unmarked = (json: string): string => (json.includes(MARK) ? json.replace(MARKED, '$1') : json);
