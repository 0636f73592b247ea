/** The API description: an OpenAPI 3.1 document, put together from what each endpoint and route says of itself. */

import type { ErrorKind } from '../calls/errors.ts';
import { type EndpointName, endpointOf } from '../calls/served.ts';
import { type Description, ref, type Schema } from '../endpoints/description.ts';
import { EMBEDDINGS_DESCRIPTION } from '../endpoints/embeddings/description.ts';
import { RERANK_DESCRIPTION } from '../endpoints/rerank/description.ts';
import { errors, PASSED_ON } from './errors.ts';
import { headers, parameters, RESPONSE_HEADERS, requestHeaders } from './headers.ts';
import { KEY } from './route.ts';
import { routes } from './routes.ts';
import { schemas } from './schemas.ts';

export interface DocumentOptions {
  readonly version: string;
  /** All that are served. */
  readonly models: readonly string[];
  readonly limits: {
    /** Of a body. */
    readonly maxBodyBytes: number;
    /** The longest that a request may take. */
    readonly maxWaitMs: number;
  };
}

const DESCRIPTIONS: Readonly<Record<EndpointName, Description>> = {
  rerank: RERANK_DESCRIPTION,
  embeddings: EMBEDDINGS_DESCRIPTION,
};

/** The errors of every endpoint. */
const KINDS: readonly ErrorKind[] = [
  'invalid_request',
  'upstream_invalid',
  'firewall_refused',
  'unauthenticated',
  'forbidden_model',
  'upstream_forbidden',
  'unknown_model',
  'body_too_large',
  'unknown_encoding',
  'headers_too_large',
  'wait_too_long',
  'quota_exhausted',
  'queue_full',
  'upstream_throttled',
  'internal',
  'upstream_failed',
  'upstream_unreachable',
  'upstream_refused_key',
  'upstream_garbage',
  'upstream_unavailable',
  'no_upstream',
  'buffer_full',
  'draining',
  'deadline',
  'not_cached',
];

const about = ({ maxBodyBytes, maxWaitMs }: DocumentOptions['limits']): string => `
A shared, paced and cached way to Heroku Inference.

- Base URLs may end in a version, a slash or both: \`/v1/rerank\`, \`/rerank\` and \`/v2/rerank\` are one route.
- A body has at most ${Math.round(maxBodyBytes / 1024 ** 2)} MB, decoded too. A request takes at most ${maxWaitMs / 1000} seconds, its wait included.
- Any other route is a 404 that names those there are, any other method a 405 with \`Allow\`.
- Every error has the body of the schema \`Error\`, and tells in \`Retry-After\` when another attempt makes sense, if one does.
`;

const TAGS = [
  { name: 'Inference', description: 'What is asked of a model.' },
  { name: 'Models', description: 'Which there are, and how much room they have.' },
  { name: 'Operation', description: 'What operators and their platforms ask.' },
  { name: 'Console', description: 'The page that shows what happens now, and its numbers.' },
  { name: 'Description', description: 'What you are reading.' },
];

const operation = (description: Description, [model]: readonly string[]): Schema => ({
  tags: ['Inference'],
  operationId: description.operationId,
  summary: description.summary,
  description: description.description,
  security: KEY,
  parameters: parameters('CacheControl', 'Prefer', 'Priority', 'RequestId', 'TraceParent', 'ContentEncoding'),
  requestBody: {
    required: true,
    content: {
      'application/json': {
        schema: ref(description.request),
        ...(model === undefined ? undefined : { examples: description.requests(model) }),
      },
    },
  },
  responses: {
    200: {
      description: 'The answer.',
      headers: headers(
        'X-Request-ID',
        'Cache-Status',
        'Age',
        'Server-Timing',
        'RateLimit-Policy',
        'RateLimit',
        'x-ratelimit-limit-requests',
        'x-ratelimit-remaining-requests',
        'x-ratelimit-reset-requests',
      ),
      content: { 'application/json': { schema: ref(description.response), examples: description.responses } },
    },
    ...errors(KINDS, { quota: true }),
    ...PASSED_ON,
  },
});

export const openApi = ({ version, models, limits }: DocumentOptions): Schema => {
  const endpoints = Object.entries(DESCRIPTIONS).map(([name, description]) => ({
    description,
    own: models.filter((model) => endpointOf(model) === name),
  }));
  const others = Object.entries(routes(models)).map(([path, methods]) => [
    path,
    Object.fromEntries(
      Object.entries(methods).map(([method, { tag, ...rest }]) => [method, { tags: [tag], ...rest }]),
    ),
  ]);
  return {
    openapi: '3.1.0',
    info: {
      title: 'Rerank gateway',
      version,
      description: about(limits).trim(),
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    tags: TAGS,
    paths: {
      ...Object.fromEntries(
        endpoints.map(({ description, own }) => [description.path, { post: operation(description, own) }]),
      ),
      ...Object.fromEntries(others),
    },
    components: {
      schemas: {
        ...Object.assign({}, ...endpoints.map(({ description, own }) => description.schemas(own))),
        ...schemas(models),
      },
      responses: {
        UnknownRoute: errors(['unknown_route'])[404],
        MethodNotAllowed: errors(['method_not_allowed'])[405],
      },
      headers: RESPONSE_HEADERS,
      parameters: requestHeaders(limits.maxWaitMs),
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'A gateway key.' },
        apiKey: { type: 'apiKey', in: 'header', name: 'x-api-key', description: 'A gateway key.' },
        portkeyApiKey: {
          type: 'apiKey',
          in: 'header',
          name: 'x-portkey-api-key',
          description: 'A gateway key.',
        },
        metricsToken: { type: 'http', scheme: 'bearer', description: '`METRICS_TOKEN`.' },
      },
    },
  };
};
