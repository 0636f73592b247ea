/**
 * Rerank in the API description. A test proves that its schema accepts what the parser accepts, and nothing else, but for
 * what no schema can say: the fields that `rank_fields` names, and that a text is valid Unicode.
 */

import { type Description, modelSchema, ref, type Schema } from '../description.ts';
import { IGNORED, MAX_DOCUMENTS } from './request.ts';

const TEXT = { type: 'string', minLength: 1 };
const COUNT = { type: ['integer', 'null'], minimum: 1 };

const listOf = (name: string): Schema => ({
  type: 'array',
  minItems: 1,
  maxItems: MAX_DOCUMENTS,
  items: ref(name),
});

const ABSENT = { type: 'null' };
const TEXTS = listOf('RerankTextDocument');
const ANY = listOf('RerankDocument');
const NAMED = { type: 'array', minItems: 1 };

/** In what ways documents are given: our name of the field or the other, and with or without `rank_fields`. */
const DOCUMENTS = [
  { title: 'documents', required: ['documents'], properties: { documents: TEXTS } },
  {
    title: 'documents with rank_fields',
    required: ['documents', 'rank_fields'],
    properties: { documents: ANY, rank_fields: NAMED },
  },
  { title: 'texts', required: ['texts'], properties: { documents: ABSENT, texts: TEXTS } },
  {
    title: 'texts with rank_fields',
    required: ['texts', 'rank_fields'],
    properties: { documents: ABSENT, texts: ANY, rank_fields: NAMED },
  },
];

const COUNTS = [
  { title: 'top_n', required: ['top_n'], properties: { top_n: { type: 'integer' } } },
  { title: 'top_k', properties: { top_n: ABSENT, top_k: COUNT } },
];

const requestSchema = (models: readonly string[]): Schema => ({
  type: 'object',
  description: '`null` is as good as absent. Other fields are ignored.',
  required: ['query'],
  properties: {
    model: modelSchema(models),
    query: { type: 'string', pattern: '\\S', description: 'Not blank.' },
    documents: {
      type: ['array', 'null'],
      minItems: 1,
      maxItems: MAX_DOCUMENTS,
      items: ref('RerankDocument'),
      description: 'Identical documents are scored once.',
    },
    top_n: { ...COUNT, description: 'The most results; more than there are documents means all.' },
    return_documents: {
      enum: [true, false, 'true', 'false', null],
      description: 'Whether each result has its `document`.',
    },
    rank_fields: {
      type: ['array', 'null'],
      maxItems: 100,
      items: { type: 'string' },
      description:
        'Of documents that are objects: the fields that are scored, in this order, a line each; by default `text`. ' +
        'They hold strings, numbers or booleans; each document has at least one of them.',
    },
    texts: { description: 'Understood for `documents` when that is absent.' },
    top_k: { description: 'Understood for `top_n` when that is absent.' },
    ...Object.fromEntries(
      IGNORED.map((name) => [name, { description: 'Ignored, which `meta.warnings` says.' }]),
    ),
  },
  allOf: [{ anyOf: DOCUMENTS }, { anyOf: COUNTS }],
});

const RESPONSE: Schema = {
  type: 'object',
  required: ['id', 'results', 'meta'],
  properties: {
    id: { type: 'string', description: 'The id of the request, as in `X-Request-ID`.' },
    results: {
      type: 'array',
      minItems: 1,
      maxItems: MAX_DOCUMENTS,
      description: 'Highest score first; of equal scores, the lower index.',
      items: {
        type: 'object',
        required: ['index', 'relevance_score'],
        properties: {
          index: { type: 'integer', minimum: 0, description: 'Of the document in the request.' },
          relevance_score: { type: 'number', description: 'To the last bit what the upstream sent.' },
          document: {
            type: 'object',
            additionalProperties: true,
            description: 'With `return_documents`: `{"text": …}`, or the object as sent.',
          },
        },
      },
    },
    meta: {
      type: 'object',
      required: ['api_version', 'billed_units'],
      properties: {
        api_version: {
          type: 'object',
          required: ['version', 'is_experimental'],
          properties: { version: { const: '2' }, is_experimental: { const: false } },
        },
        billed_units: {
          type: 'object',
          required: ['search_units'],
          properties: {
            search_units: {
              type: 'integer',
              minimum: 0,
              description:
                'What this answer cost upstream: 0 for a hit. A call that requests share is billed to one of them.',
            },
          },
        },
        warnings: {
          type: 'array',
          items: { type: 'string' },
          description: 'Fields that were ignored, and documents that were not scored as sent.',
        },
      },
    },
  },
};

const META = { api_version: { version: '2', is_experimental: false }, billed_units: { search_units: 1 } };
const ID = '749d6d81-73ea-4c16-aafb-7755c0efb4fa';
const QUERY = 'How is lift distributed over a wing?';
const LIFT = 'The lift of a wing in a slipstream.';
const LAYERS = 'Boundary layers on a flat plate.';

export const RERANK_DESCRIPTION: Description = {
  path: '/v1/rerank',
  operationId: 'rerank',
  summary: 'Score documents against a query',
  description:
    'Also at `/rerank`, `/v2/rerank`, and wherever else clients put it behind a base URL. The body is JSON whatever ' +
    'the `Content-Type` says. Scores are cached by query and document, and the caller waits for those that are not.',
  schemas: (models) => ({
    RerankRequest: requestSchema(models),
    RerankDocument: { anyOf: [TEXT, { type: 'object' }] },
    RerankTextDocument: {
      anyOf: [
        TEXT,
        {
          type: 'object',
          required: ['text'],
          properties: { text: { type: ['string', 'number', 'boolean'], minLength: 1 } },
        },
      ],
    },
    RerankResponse: RESPONSE,
  }),
  request: 'RerankRequest',
  response: 'RerankResponse',
  requests: (model) => ({
    strings: {
      summary: 'Documents that are strings',
      value: { model, query: QUERY, documents: [LAYERS, LIFT], top_n: 1 },
    },
    objects: {
      summary: 'Documents that are objects',
      value: {
        model,
        query: QUERY,
        documents: [
          { title: 'Plates', body: LAYERS },
          { title: 'Wings', body: LIFT },
        ],
        rank_fields: ['title', 'body'],
        return_documents: true,
      },
    },
  }),
  responses: {
    scores: {
      summary: 'Scores',
      value: { id: ID, results: [{ index: 1, relevance_score: 0.23400514231281178 }], meta: META },
    },
    documents: {
      summary: 'With `return_documents`',
      value: {
        id: ID,
        results: [
          { index: 1, relevance_score: 0.23400514231281178, document: { title: 'Wings', body: LIFT } },
          { index: 0, relevance_score: 0.02585059086194998, document: { title: 'Plates', body: LAYERS } },
        ],
        meta: META,
      },
    },
  },
};
