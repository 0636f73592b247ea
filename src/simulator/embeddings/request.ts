import { Refusal } from '../refusal.ts';
import { fieldsOf } from '../request.ts';

/** A body that passed every rule, with its defaults. */
export interface EmbeddingsRequest {
  readonly model: string;
  readonly input: readonly string[];
  readonly input_type: (typeof INPUT_TYPES)[number];
  readonly encoding_format: (typeof ENCODINGS)[number];
  readonly embedding_type: (typeof EMBEDDING_TYPES)[number];
}

export const MOST_INPUTS = 96;
/** Heroku's documents say characters, but it counts UTF-8 bytes, and refuses what is longer. */
export const MOST_BYTES = 2048;

const INPUT_TYPES = ['search_document', 'search_query', 'classification', 'clustering'] as const;
const ENCODINGS = ['raw', 'base64'] as const;
const EMBEDDING_TYPES = ['float', 'int8', 'uint8', 'binary', 'ubinary'] as const;

const invalid = (message: string): Refusal => new Refusal(400, message);

const oneOf = <T extends string>(value: unknown, values: readonly T[], name: string): T => {
  const [fallback] = values;
  if (value === undefined) return fallback!;
  if (!values.includes(value as T)) throw invalid(`${name}: must be one of ${values.join(', ')}.`);
  return value as T;
};

/** Checks a body as strictly as Heroku does: an unknown parameter is an error unless the caller allows it. Null is not absence. */
export function validatedEmbeddings(body: unknown): EmbeddingsRequest {
  const { model, input, input_type, encoding_format, embedding_type, allow_ignored_params, ...rest } =
    fieldsOf(body);
  const unknown = Object.keys(rest)[0];
  if (unknown !== undefined && allow_ignored_params !== true) throw invalid(`${unknown}: unknown parameter.`);
  const texts = typeof input === 'string' ? [input] : input;
  if (!Array.isArray(texts) || texts.length < 1 || texts.length > MOST_INPUTS) {
    throw invalid(`input: a string or an array of 1 to ${MOST_INPUTS} strings is required.`);
  }
  for (const text of texts) {
    if (typeof text !== 'string' || text === '') throw invalid('input: each must be a non-empty string.');
    if (Buffer.byteLength(text) > MOST_BYTES) throw invalid(`input: at most ${MOST_BYTES} characters each.`);
  }
  return {
    model: model as string,
    input: texts,
    input_type: oneOf(input_type, INPUT_TYPES, 'input_type'),
    encoding_format: oneOf(encoding_format, ENCODINGS, 'encoding_format'),
    embedding_type: oneOf(embedding_type, EMBEDDING_TYPES, 'embedding_type'),
  };
}
