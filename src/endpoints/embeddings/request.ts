/** JSON of any shape → a request for embeddings as OpenAI's clients send it, or an error that names the field. */

import { isAscii, isUtf8 } from 'node:buffer';
import { type Distinct, distinct, distinctSlices } from '../../calls/distinct.ts';
import { invalidField, RerankError } from '../../calls/errors.ts';
import { type Plain, readPlain } from '../../json/strings-of.ts';
import { checkStructure } from '../../json/structure.ts';
import type { Asked } from '../api.ts';
import { type JsonObject, modelName, own, wellFormed } from '../fields.ts';
import { bytesOf, parseJson } from '../json-body.ts';
import { EMBEDDING_TYPES, type EmbeddingType } from './vector.ts';

export const MAX_INPUTS = 2048;
/** The upstream refuses longer texts. */
export const MAX_INPUT_BYTES = 2048;

export const INPUT_TYPES = ['search_document', 'search_query', 'classification', 'clustering'] as const;
export type InputType = (typeof INPUT_TYPES)[number];

/** How vectors are written; `raw` is Heroku's word for `float`. */
export type Encoding = 'float' | 'base64';
export const ENCODINGS = { float: 'float', raw: 'float', base64: 'base64' } as const satisfies Record<
  string,
  Encoding
>;

export interface EmbeddingsRequest extends Asked {
  readonly inputType: InputType;
  readonly embeddingType: EmbeddingType;
  readonly encoding: Encoding;
  /** The number of dimensions that the caller relies on. */
  readonly dimensions: number | undefined;
}

const FIELDS = ['model', 'input', 'input_type', 'encoding_format', 'embedding_type', 'dimensions'];

export interface ParsedRequest {
  readonly request: EmbeddingsRequest;
  /** The most bytes that the request takes in memory. */
  readonly bytes: number;
}

/** Size from which the texts of a body are not decoded but kept as slices of it if possible, bytes. */
const SLICED_FROM = 8 * 1024;

/** Parses and validates a body. Throws `invalid_request` and nothing else, whatever the bytes. */
export const parseRequest = (body: Buffer, slicedFrom = SLICED_FROM): ParsedRequest => {
  const plain = body.length < slicedFrom ? undefined : readPlain(body, 'input', MAX_INPUTS);
  return plain ? slicedRequest(body, plain) : parsedRequest(body);
};

const slicedRequest = (body: Buffer, { scalars, bounds }: Plain): ParsedRequest => {
  const values: Record<string, unknown> = {};
  for (const name of FIELDS) {
    const scalar = scalars.get(name);
    if (scalar?.kind === 'string') values[name] = body.toString('utf8', ...scalar.slice);
    if (scalar?.kind === 'literal') values[name] = JSON.parse(scalar.text);
  }
  for (let i = 0; i < bounds.length; i += 2) checkLength(bounds[i + 1]! - bounds[i]!, `input[${i / 2}]`);
  const request = requestOf(values, bounds.length / 2, () => distinctSlices(body, bounds));
  // The body itself is kept, and later the strings that are decoded from it for the upstream.
  return { request, bytes: isAscii(body) ? body.length : 2 * body.length };
};

const parsedRequest = (body: Buffer): ParsedRequest => {
  checkStructure(body, FIELDS);
  if (!isUtf8(body)) throw new RerankError('invalid_request', 'The request body is not valid UTF-8.');
  const json = parseJson(body.toString());
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new RerankError(
      'invalid_request',
      'The request body must be a JSON object with `model` and `input`.',
    );
  }
  const texts = inputs(own(json as JsonObject, 'input'));
  const request = requestOf(json as JsonObject, texts.length, () => distinct(texts));
  return { request, bytes: texts.reduce((sum, text) => sum + bytesOf(text), 0) };
};

const requestOf = (body: JsonObject, count: number, items: () => Distinct): EmbeddingsRequest => ({
  model: modelName(own(body, 'model')),
  query: '',
  textsField: 'input',
  count,
  distinct: items,
  warnings: [],
  inputType: oneOf(INPUT_TYPES, body, 'input_type'),
  embeddingType: oneOf(EMBEDDING_TYPES, body, 'embedding_type'),
  encoding: ENCODINGS[oneOf(Object.keys(ENCODINGS) as (keyof typeof ENCODINGS)[], body, 'encoding_format')],
  dimensions: dimensions(own(body, 'dimensions')),
});

/** A field that is one of a few words; the first when it is absent. */
const oneOf = <T extends string>(words: readonly T[], body: JsonObject, name: string): T => {
  const value = own(body, name) ?? words[0]!;
  if (!words.includes(value as T)) throw invalidField(name, `must be one of ${words.join(', ')}.`);
  return value as T;
};

const dimensions = (value: unknown): number | undefined => {
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 1) {
    throw invalidField('dimensions', 'must be an integer of at least 1.');
  }
  return value;
};

const inputs = (value: unknown): readonly string[] => {
  if (typeof value === 'string') return [inputText(value, 'input')];
  if (!Array.isArray(value)) throw invalidField('input', 'must be a string or a list of strings.');
  if (value.length < 1 || value.length > MAX_INPUTS) {
    throw invalidField('input', `must hold 1 to ${MAX_INPUTS} texts, not ${value.length}.`);
  }
  return value.map((text, i) => inputText(text, `input[${i}]`));
};

const inputText = (text: unknown, name: string): string => {
  if (typeof text !== 'string') throw invalidField(name, 'must be a string.');
  checkLength(Buffer.byteLength(text), name);
  return wellFormed(text, name);
};

const checkLength = (bytes: number, name: string): void => {
  if (bytes === 0) throw invalidField(name, 'must not be empty.');
  if (bytes > MAX_INPUT_BYTES) {
    throw invalidField(name, `has ${bytes} bytes of UTF-8, and may have ${MAX_INPUT_BYTES}.`);
  }
};
