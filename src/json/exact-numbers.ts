/**
 * Numbers of JSON that a double would change: `1610521604143693812` becomes …800, so that two SKUs would be scored as one
 * text, and `4.0` becomes `4`. Each is put into the text as a string behind a mark before it is parsed, and comes out of
 * it digit by digit.
 *
 * Not a parser of its own: one that keeps the digits takes two hundred times as long, in one go.
 */

import { randomBytes } from 'node:crypto';

/** Drawn anew by each process and told to nobody, so that no caller's string begins with it. */
const MARK = `number:${randomBytes(16).toString('hex')}:`;

const MARKED = new RegExp(`"${MARK}([^"]*)"`, 'g');

/** Where a number stands in a text, its end not included. */
export type Span = readonly [from: number, to: number];

/** JSON's numbers (RFC 8259 §6): anything else is left to the parser to refuse. */
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?$/;

/** Whether a number of JSON comes back from a double as it went in. */
export const isExact = (token: string): boolean => !NUMBER.test(token) || String(Number(token)) === token;

/** A text of JSON with these numbers marked. */
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

/** JSON in which the numbers that were marked are numbers again. */
export const unmarked = (json: string): string => (json.includes(MARK) ? json.replace(MARKED, '$1') : json);
