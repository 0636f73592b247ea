/** Request bodies for the tests of validation, and how a refusal is checked. */

import { expect } from 'vitest';
import { RerankError } from '../../../src/calls/errors.ts';
import { textOf } from '../../../src/calls/item.ts';
import { parseRequest, type RerankRequest, validate } from '../../../src/endpoints/rerank/request.ts';

/** A valid body; fields set to `undefined` are absent. */
export const body = (over: Readonly<Record<string, unknown>> = {}): Record<string, unknown> => ({
  model: 'cohere-rerank-3-5',
  query: 'which one',
  documents: ['first', 'second', 'third'],
  ...over,
});

/** A request, and the text of each of its documents. */
export type Read = Omit<RerankRequest, 'count' | 'distinct' | 'textsField'> & {
  readonly texts: readonly string[];
};

/** @param slicedFrom bytes from which on documents are left in the body */
export const read = (bytes: Buffer, slicedFrom?: number): Read => {
  const { count, distinct, textsField: _, ...request } = parseRequest(bytes, slicedFrom).request;
  const { items, positions } = distinct();
  expect(positions).toHaveLength(count);
  return { ...request, texts: Array.from(positions, (position) => textOf(items[position]!)) };
};

export const parse = (text: string): Read => read(Buffer.from(text));

export const accepted = (over: Readonly<Record<string, unknown>> = {}): Read =>
  parse(JSON.stringify(body(over)));

const thrownBy = (run: () => unknown): unknown => {
  try {
    run();
  } catch (thrown) {
    return thrown;
  }
  return undefined;
};

const messageOf = (thrown: unknown): string => {
  expect(thrown).toBeInstanceOf(RerankError);
  expect((thrown as RerankError).kind).toBe('invalid_request');
  return (thrown as RerankError).message;
};

/** The message with which a body of these bytes is refused. */
export const refusal = (text: string): string => messageOf(thrownBy(() => parse(text)));

/** The message with which a body of this value is refused. */
export const refusalOf = (value: unknown): string => messageOf(thrownBy(() => validate(value)));

/** The field of which a body of these bytes is said to be wrong. */
export const refusedField = (text: string): string | undefined => {
  const thrown = thrownBy(() => parse(text));
  expect(thrown).toBeInstanceOf(RerankError);
  return (thrown as RerankError).param;
};
