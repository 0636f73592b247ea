/** Heroku Inference's wire format for embeddings: our call as its request, its answer as vectors. */

import type { Wire, WireCall } from '../../calls/endpoint.ts';
import { RerankError } from '../../calls/errors.ts';
import { type Body, bodyWith } from '../../calls/item.ts';
import { type EmbeddingType, fromBytes, fromNumbers, type Vector, type Vectors } from './vector.ts';

/** What the vector of a text depends on, besides its model. */
export type Kind = readonly [inputType: string, embeddingType: EmbeddingType];

const DEFAULT: Kind = ['search_document', 'float'];

const kindOf = ({ dependsOn }: WireCall): Kind => (dependsOn as Kind | undefined) ?? DEFAULT;

/** Only fields that Heroku documents: it refuses others. Base64 is a third of the bytes of numbers. */
const request = (call: WireCall): Body => {
  const [input_type, embedding_type] = kindOf(call);
  const fields = { model: call.model, input_type, embedding_type, encoding_format: 'base64' };
  return bodyWith(`${JSON.stringify(fields).slice(0, -1)},"input":`, call.items, '}');
};

const garbage = (): RerankError => new RerankError('upstream_garbage', undefined, { upstreamStatus: 200 });

/**
 * Reads a 200. Every text must have exactly one vector, of as many numbers as the others, or the whole answer is rejected: a
 * vector on the wrong text is worse than an error.
 */
const answer = (body: string, call: WireCall): { values: Vectors; spent: number } => {
  const { data, usage } = (parse(body) ?? {}) as { data?: unknown; usage?: { total_tokens?: unknown } };
  const count = call.items.length;
  if (!Array.isArray(data) || data.length !== count) throw garbage();
  const [, type] = kindOf(call);
  const values = new Array<Vector | undefined>(count).fill(undefined);
  let length: number | undefined;
  for (const each of data) {
    const { index, embedding } = (each ?? {}) as { index?: unknown; embedding?: unknown };
    const vector = vectorOf(embedding, type);
    length ??= vector?.bytes.length;
    if (!isIndex(index, count) || values[index] !== undefined) throw garbage();
    if (vector === undefined || vector.bytes.length !== length) throw garbage();
    values[index] = vector;
  }
  const tokens = usage?.total_tokens;
  const isStated = typeof tokens === 'number' && Number.isFinite(tokens) && tokens >= 0;
  return { values: values as Vector[], spent: isStated ? tokens : 0 };
};

const isIndex = (index: unknown, count: number): index is number =>
  Number.isInteger(index) && (index as number) >= 0 && (index as number) < count;

/** `Buffer.from` skips what is no base64. */
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Numbers are understood as well, though base64 was asked for. */
const vectorOf = (embedding: unknown, type: EmbeddingType): Vector | undefined => {
  if (Array.isArray(embedding)) return fromNumbers(type, embedding);
  if (typeof embedding !== 'string' || !BASE64.test(embedding)) return undefined;
  return fromBytes(type, Buffer.from(embedding, 'base64'));
};

const parse = (body: string): unknown => {
  try {
    return JSON.parse(body);
  } catch {
    throw garbage();
  }
};

export const wire: Wire<Vectors> = {
  path: '/v1/embeddings',
  request,
  answer,
  // 96 vectors of 1,536 numbers, of up to 25 letters each where numbers are answered.
  maxAnswerBytes: 4_000_000,
};
