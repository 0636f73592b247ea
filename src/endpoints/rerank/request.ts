/**
 * JSON of any shape → a rerank request, or an error that names the field.
 *
 * By hand and not by a schema: a body may hold many thousands of array elements, and a schema validator visits (and
 * reports) every one before it checks the length.
 */

import { isUtf8 } from 'node:buffer';
import { type Distinct, distinct, distinctSlices } from '../../calls/distinct.ts';
import { invalidField, RerankError } from '../../calls/errors.ts';
import { marked } from '../../json/exact-numbers.ts';
import { type Plain, readPlain } from '../../json/strings-of.ts';
import { checkStructure } from '../../json/structure.ts';
import type { Asked } from '../api.ts';
import { type JsonObject, modelName, own, wellFormed } from '../fields.ts';
import { bytesOf, parseJson } from '../json-body.ts';
import { nonBlank, textOfObject } from './fields.ts';

export const MAX_DOCUMENTS = 1000;

/** Bounded, since each field is read in each document. */
const MAX_RANK_FIELDS = 100;

export interface RerankRequest extends Asked {
  /** Each document as it was sent; empty unless the documents are to be returned. */
  readonly originals: readonly (string | JsonObject)[];
  /** At most the number of documents. */
  readonly topN: number;
  readonly returnDocuments: boolean;
}

/**
 * Fields that change the result of other APIs, but not here: accepted, not sent upstream, and named in the answer's warnings.
 * The first three are Cohere's, the others Jina's, Voyage's, Infinity's, Text Embeddings Inference's, SiliconFlow's and vLLM's.
 */
export const IGNORED = [
  'max_tokens_per_doc',
  'max_chunks_per_doc',
  'priority',
  'truncate',
  'truncation',
  'truncation_direction',
  'max_doc_length',
  'raw_scores',
  'normalize',
  'score_threshold',
  'relevance_threshold',
  'instruction',
  'overlap_tokens',
  'max_tokens_per_query',
  'truncate_prompt_tokens',
  'truncation_side',
];

/** Other APIs' names of our fields, accepted when ours is absent. */
const ALIASES: Readonly<Record<string, string>> = { documents: 'texts', top_n: 'top_k' };

const invalid = (message: string): RerankError => new RerankError('invalid_request', message);

const FIELDS = [
  ...['model', 'query', 'documents', 'top_n', 'return_documents', 'rank_fields'],
  ...Object.values(ALIASES),
  ...IGNORED,
];

/** Bytes that the engine keeps of a value besides its text: the most that was measured for objects, names included. */
const VALUE_BYTES = 128;

export interface ParsedRequest {
  readonly request: RerankRequest;
  /** The most bytes that the request takes in memory. */
  readonly bytes: number;
}

/**
 * Parses and validates a body. Throws `invalid_request` and nothing else, whatever the bytes.
 * @param slicedFrom size from which the documents are not decoded but kept as slices of the body if possible, bytes
 */
export const parseRequest = (body: Buffer, slicedFrom = SLICED_FROM): ParsedRequest => {
  const plain = body.length < slicedFrom ? undefined : readPlain(body, 'documents', MAX_DOCUMENTS);
  return (plain && slicedRequest(body, plain)) ?? parsedRequest(body);
};

/** For a smaller body, decoding is faster than slicing. */
const SLICED_FROM = 8 * 1024;

const PLAIN_FIELDS = ['model', 'query', 'top_n'];

/** The request in a body whose documents need not be decoded; undefined when the body needs the full parser. */
const slicedRequest = (body: Buffer, { scalars, bounds }: Plain): ParsedRequest | undefined => {
  for (const name of [...FIELDS, 'documents']) {
    if (scalars.has(name) && !PLAIN_FIELDS.includes(name)) return undefined;
  }
  for (let i = 0; i < bounds.length; i += 2) if (bounds[i] === bounds[i + 1]) return undefined;
  const values: Record<string, unknown> = {};
  for (const name of PLAIN_FIELDS) {
    const scalar = scalars.get(name);
    if (scalar?.kind === 'string') values[name] = body.toString('utf8', ...scalar.slice);
    if (scalar?.kind === 'literal') values[name] = JSON.parse(scalar.text);
  }
  const count = bounds.length / 2;
  const request: RerankRequest = {
    model: modelName(own(values, 'model')),
    query: nonBlank(own(values, 'query'), 'query'),
    topN: topN(own(values, 'top_n'), count),
    textsField: 'documents',
    count,
    distinct: () => distinctSlices(body, bounds),
    originals: [],
    returnDocuments: false,
    warnings: [],
  };
  // The body itself is kept; what is made of it for the upstream is counted while it is sent.
  return { request, bytes: body.length };
};

const parsedRequest = (body: Buffer): ParsedRequest => {
  const { values, inexact } = checkStructure(body, FIELDS);
  if (!isUtf8(body)) throw invalid('The request body is not valid UTF-8.');
  const text = marked(body, inexact);
  const request = validate(parseJson(text));
  const bytes = [request.query, ...request.texts].reduce((sum, each) => sum + bytesOf(each), 0);
  // Objects are kept as well as the texts made of them.
  const objects = request.originals.some((original) => typeof original === 'object');
  return { request, bytes: objects ? bytes + bytesOf(text) + VALUE_BYTES * values : bytes };
};

export const validate = (json: unknown): RerankRequest & { readonly texts: readonly string[] } => {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw invalid('The request body must be a JSON object with `model`, `query` and `documents`.');
  }
  const body = json as JsonObject;
  const returnDocuments = flag(own(body, 'return_documents'), 'return_documents');
  const list = named(body, 'documents');
  const documents = documentList(list.value, list.name);
  const rankFields = fieldNames(own(body, 'rank_fields'), 'rank_fields');
  const texts = documents.map((document, i) => documentText(document, rankFields, `${list.name}[${i}]`));
  const most = named(body, 'top_n');
  return {
    model: modelName(own(body, 'model')),
    query: nonBlank(own(body, 'query'), 'query'),
    texts,
    textsField: list.name,
    count: texts.length,
    distinct: (): Distinct => distinct(texts),
    originals: returnDocuments ? documents : [],
    topN: topN(most.value, texts.length, most.name),
    returnDocuments,
    warnings: IGNORED.filter((name) => own(body, name) !== undefined).map((name) => `${name} is ignored`),
  };
};

/** A field's value, and the one of its names under which it was sent. */
const named = (body: JsonObject, name: string): { value: unknown; name: string } => {
  const value = own(body, name);
  const alias = ALIASES[name]!;
  if (value !== undefined) return { value, name };
  const other = own(body, alias);
  return { value: other, name: other === undefined ? name : alias };
};

const topN = (value: unknown, documents: number, name = 'top_n'): number => {
  if (value === undefined) return documents;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 1) {
    throw invalidField(name, 'must be an integer of at least 1.');
  }
  return Math.min(value, documents);
};

const flag = (value: unknown, name: string): boolean => {
  if (value === undefined || value === 'false') return false;
  // Some clients send it as a string.
  if (value === 'true') return true;
  if (typeof value !== 'boolean') throw invalidField(name, 'must be true or false.');
  return value;
};

/** Each name at most once: with repeated names, a small body could grow to texts of any length. */
const fieldNames = (value: unknown, name: string): readonly string[] | undefined => {
  if (value === undefined) return undefined;
  if (
    !Array.isArray(value) ||
    value.length > MAX_RANK_FIELDS ||
    !value.every((item) => typeof item === 'string')
  ) {
    throw invalidField(name, `must be a list of at most ${MAX_RANK_FIELDS} strings.`);
  }
  return [...new Set(value)];
};

const documentList = (value: unknown, name: string): readonly (string | JsonObject)[] => {
  if (!Array.isArray(value)) throw invalidField(name, 'must be a list.');
  if (value.length < 1 || value.length > MAX_DOCUMENTS) {
    throw invalidField(name, `must hold 1 to ${MAX_DOCUMENTS} documents, not ${value.length}.`);
  }
  return value;
};

const documentText = (document: unknown, rankFields: readonly string[] | undefined, name: string): string => {
  if (typeof document === 'string') {
    if (document === '') throw invalidField(name, 'must not be empty.');
    return wellFormed(document, name);
  }
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    throw invalidField(name, 'must be a string or an object.');
  }
  return wellFormed(textOfObject(document as JsonObject, rankFields, name), name);
};
