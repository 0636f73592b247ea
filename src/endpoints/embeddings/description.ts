/**
 * Embeddings in the API description. A test proves that its schema accepts what the parser accepts, and nothing else, but for
 * what no schema can say: that a text has at most so many bytes and is valid Unicode, and a model's number of dimensions.
 */

import { type Description, modelSchema, type Schema } from '../description.ts';
import { ENCODINGS, INPUT_TYPES, MAX_INPUT_BYTES, MAX_INPUTS } from './request.ts';
import { EMBEDDING_TYPES } from './vector.ts';

/** A character takes a byte or more, so that this much can be said. */
const TEXT = { type: 'string', minLength: 1, maxLength: MAX_INPUT_BYTES };

/** One of some words, or absent. */
const oneOf = (words: readonly string[], description: string): Schema => ({
  enum: [...words, null],
  default: words[0],
  description,
});

const requestSchema = (models: readonly string[]): Schema => ({
  type: 'object',
  description: '`null` is as good as absent. Other fields, like `user`, are ignored.',
  required: ['input'],
  properties: {
    model: modelSchema(models),
    input: {
      anyOf: [TEXT, { type: 'array', minItems: 1, maxItems: MAX_INPUTS, items: TEXT }],
      description: `A text or some. Each may have ${MAX_INPUT_BYTES} bytes of UTF-8.`,
    },
    input_type: oneOf(INPUT_TYPES, 'What the vectors are for: each gives another vector.'),
    encoding_format: oneOf(
      Object.keys(ENCODINGS),
      'How vectors are written. `raw` is `float`; `base64` is of float32, little-endian, or of a byte a number.',
    ),
    embedding_type: oneOf(EMBEDDING_TYPES, "The type of the vectors' numbers."),
    dimensions: {
      type: ['integer', 'null'],
      minimum: 1,
      description: "The model's own number, or left out.",
    },
  },
});

const COUNT = { type: 'integer', minimum: 0 };

const RESPONSE: Schema = {
  type: 'object',
  required: ['object', 'data', 'model', 'usage'],
  properties: {
    object: { const: 'list' },
    data: {
      type: 'array',
      minItems: 1,
      maxItems: MAX_INPUTS,
      description: 'In the order of `input`.',
      items: {
        type: 'object',
        required: ['object', 'index', 'embedding'],
        properties: {
          object: { const: 'embedding' },
          index: { ...COUNT, description: 'Of the text in `input`.' },
          embedding: {
            anyOf: [
              { type: 'array', minItems: 1, items: { type: 'number' } },
              { type: 'string', minLength: 1 },
            ],
          },
        },
      },
    },
    model: { type: 'string' },
    usage: {
      type: 'object',
      required: ['prompt_tokens', 'total_tokens'],
      description:
        'What this answer cost upstream: 0 for a hit. A call that requests share is billed to one of them.',
      properties: { prompt_tokens: COUNT, total_tokens: COUNT },
    },
    meta: {
      type: 'object',
      required: ['warnings'],
      properties: {
        warnings: {
          type: 'array',
          items: { type: 'string' },
          description: 'Texts that were not sent as they came.',
        },
      },
    },
  },
};

const usage = { prompt_tokens: 12, total_tokens: 12 };

export const EMBEDDINGS_DESCRIPTION: Description = {
  path: '/v1/embeddings',
  operationId: 'embed',
  summary: 'Make vectors of texts',
  description:
    "As OpenAI's API. Also at `/embeddings`, and wherever else clients put it behind a base URL. Vectors are cached by " +
    'text, and the caller waits for those that are not.',
  schemas: (models) => ({ EmbeddingsRequest: requestSchema(models), EmbeddingsResponse: RESPONSE }),
  request: 'EmbeddingsRequest',
  response: 'EmbeddingsResponse',
  requests: (model) => ({
    texts: { summary: 'Texts', value: { model, input: ['The lift of a wing', 'Boundary layers'] } },
    query: {
      summary: 'A query, in base64',
      value: { model, input: 'lift', input_type: 'search_query', encoding_format: 'base64' },
    },
  }),
  responses: {
    numbers: {
      summary: 'Numbers (here two of them)',
      value: {
        object: 'list',
        data: [{ object: 'embedding', index: 0, embedding: [0.0123, -0.0456] }],
        model: 'cohere-embed-multilingual',
        usage,
      },
    },
    base64: {
      summary: 'base64',
      value: {
        object: 'list',
        data: [{ object: 'embedding', index: 0, embedding: 'hxZJPGnFOr0=' }],
        model: 'cohere-embed-multilingual',
        usage,
      },
    },
  },
};
