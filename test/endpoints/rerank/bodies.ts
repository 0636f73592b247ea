/** Request bodies for the tests of validation, and how a refusal is checked. */

import { expect } from 'vitest';
import { RerankError } from '../../../src/calls/errors.ts';
import { parseRequest, type RerankRequest, validate } from '../../../src/endpoints/rerank/request.ts';

/** A valid body; fields set to `undefined` are absent. */
export const body = (over: Readonly<Record<string, unknown>> = {}): Record<string, unknown> => ({
  model: 'cohere-rerank-3-5',
  query: 'which one',
  documents: ['first', 'second', 'third'],
  ...over,
});

export const parse = (text: string): RerankRequest => parseRequest(Buffer.from(text)).request;

export const accepted = (over: Readonly<Record<string, unknown>> = {}): RerankRequest =>
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
