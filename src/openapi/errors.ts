/** The errors of a route, as answers of the API description, made from the table of all errors. */

import { ERRORS, type ErrorKind } from '../calls/errors.ts';
import { ref, type Schema } from '../endpoints/description.ts';
import { headers } from './headers.ts';

export const ERROR_SCHEMA: Schema = {
  type: 'object',
  required: ['id', 'message', 'error'],
  properties: {
    id: { type: 'string', description: 'The id of the request, as in `X-Request-ID`.' },
    message: { type: 'string' },
    error: {
      type: 'object',
      required: ['code', 'message', 'type'],
      properties: {
        code: { type: 'integer', minimum: 400, maximum: 599, description: 'The status.' },
        message: { type: 'string' },
        type: { enum: [...new Set(Object.values(ERRORS).map(({ type }) => type))] },
        param: { type: 'string', description: 'The field that is to blame, like `documents[3]`.' },
      },
    },
  },
};

const ID = '749d6d81-73ea-4c16-aafb-7755c0efb4fa';

/** Of kinds that are thrown with a more exact message: an instance of it. */
const INSTANCES: Partial<Record<ErrorKind, { readonly message: string; readonly param: string }>> = {
  invalid_request: { message: '`documents[3]` must not be empty.', param: 'documents[3]' },
  firewall_refused: {
    message: '`documents[17]` is refused by the firewall in front of the upstream.',
    param: 'documents[17]',
  },
  forbidden_model: {
    message: 'This key may not use `model` amazon-rerank-1-0.',
    param: 'model',
  },
  unknown_model: { message: '`model` must be one of cohere-rerank-3-5.', param: 'model' },
};

const example = (kind: ErrorKind, status: number) => {
  const { message, param } = { message: ERRORS[kind].message, param: undefined, ...INSTANCES[kind] };
  const error = { code: status, message, type: ERRORS[kind].type, ...(param ? { param } : undefined) };
  return { summary: kind.replaceAll('_', ' '), value: { id: ID, message, error } };
};

const HEADERS: Readonly<Record<number, Parameters<typeof headers>>> = {
  401: ['WWW-Authenticate'],
  405: ['Allow'],
  415: ['Accept-Encoding'],
  429: ['Retry-After'],
  503: ['Retry-After'],
};

interface Answers {
  readonly status: number;
  readonly kinds: readonly ErrorKind[];
  /** Of a service's own limit. */
  readonly quota: boolean;
}

const response = ({ status, kinds, quota }: Answers): Schema => {
  const types = [...new Set(kinds.map((kind) => ERRORS[kind].type))];
  const own = headers('X-Request-ID', ...(HEADERS[status] ?? []));
  const ofQuota = quota && status !== 401 ? headers('RateLimit-Policy', 'RateLimit') : {};
  return {
    description: kinds.map((kind) => ERRORS[kind].message).join(' '),
    headers: { ...own, ...ofQuota },
    content: {
      'application/json': {
        schema: {
          ...ref('Error'),
          properties: { error: { properties: { code: { const: status }, type: { enum: types } } } },
        },
        examples: Object.fromEntries(kinds.map((kind) => [kind, example(kind, status)])),
      },
    },
  };
};

/** The answers of all these errors, by status. */
export const errors = (
  kinds: readonly ErrorKind[],
  { quota = false } = {},
): Readonly<Record<string, Schema>> => {
  const statuses = [...new Set(kinds.map((kind) => ERRORS[kind].status))].sort((a, b) => a - b);
  return Object.fromEntries(
    statuses.map((status) => [
      status,
      response({ status, kinds: kinds.filter((kind) => ERRORS[kind].status === status), quota }),
    ]),
  );
};

/** What the upstream refuses with a status of its own: that status, and its message. */
export const PASSED_ON: Readonly<Record<string, Schema>> = {
  '4XX': {
    description: 'The upstream calls the request invalid, with this status.',
    headers: headers('X-Request-ID', 'RateLimit-Policy', 'RateLimit'),
    content: {
      'application/json': {
        schema: {
          ...ref('Error'),
          properties: { error: { properties: { type: { const: 'invalid_request_error' } } } },
        },
        example: example('upstream_invalid', 422).value,
      },
    },
  },
};
