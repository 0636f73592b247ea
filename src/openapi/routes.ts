/** The routes besides the endpoints, as paths of the API description. */

import { ref } from '../endpoints/description.ts';
import { CONSOLE_ROUTES } from './console-routes.ts';
import { errors } from './errors.ts';
import { headers, parameters } from './headers.ts';
import { answer, file, KEY, NOBODY, type Route } from './route.ts';

const ofModel = (model: string, limit: number) => ({
  id: model,
  object: 'model',
  owned_by: 'heroku',
  limit,
  remaining: limit - 1,
  waiting: 0,
});

/** Each route by method and path. @param models those served */
export const routes = (
  models: readonly string[],
): Readonly<Record<string, Readonly<Record<string, Route>>>> => {
  const [model = ''] = models;
  return {
    '/v1/models': {
      get: {
        tag: 'Models',
        operationId: 'listModels',
        summary: 'List the models that the key may use',
        security: KEY,
        parameters: parameters('RequestId'),
        responses: {
          200: answer('The models, with the calls that are left of the window.', ref('ModelList'), {
            object: 'list',
            data: [ofModel(model, 250)],
          }),
          ...errors(['unauthenticated', 'internal']),
        },
      },
    },
    '/v1/models/{id}': {
      get: {
        tag: 'Models',
        operationId: 'getModel',
        summary: 'One of these models',
        security: KEY,
        parameters: [
          {
            name: 'id',
            in: 'path',
            required: true,
            description: 'The name of a model.',
            schema: { type: 'string' },
            example: model,
          },
          ...parameters('RequestId'),
        ],
        responses: {
          200: answer('The model.', ref('Model'), ofModel(model, 250)),
          ...errors(['unauthenticated', 'forbidden_model', 'unknown_model', 'internal']),
        },
      },
    },
    '/available-models': {
      get: {
        tag: 'Models',
        operationId: 'listAvailableModels',
        summary: 'List all models served, as Heroku does',
        security: NOBODY,
        responses: {
          200: answer('The models.', ref('AvailableModels'), [
            { model_id: model, type: ['text-to-ranking'], regions: ['us'] },
          ]),
        },
      },
    },
    '/v1/cache': {
      delete: {
        tag: 'Operation',
        operationId: 'purgeCache',
        summary: "Forget a model's cached values",
        description: 'In all processes, at once. For keys marked `admin`.',
        security: KEY,
        parameters: [
          {
            name: 'model',
            in: 'query',
            required: true,
            description: 'The name of a model.',
            schema: { type: 'string' },
            example: model,
          },
          ...parameters('RequestId'),
        ],
        responses: {
          200: answer('They are forgotten.', ref('Purge'), { object: 'cache', model, purged: true }),
          ...errors([
            'invalid_request',
            'unauthenticated',
            'forbidden',
            'forbidden_model',
            'unknown_model',
            'internal',
            'purge_incomplete',
          ]),
        },
      },
    },
    '/healthz': {
      get: {
        tag: 'Operation',
        operationId: 'getHealth',
        summary: 'Whether the process lives',
        security: NOBODY,
        responses: { 200: answer('It lives.', ref('Health'), { status: 'ok' }) },
      },
    },
    '/readyz': {
      get: {
        tag: 'Operation',
        operationId: 'getReadiness',
        summary: 'Whether the process should get requests',
        description: 'Without Redis it should: it says `degraded`, and why.',
        security: NOBODY,
        responses: {
          200: answer('It should.', ref('Readiness'), { status: 'ready', redis: 'up' }),
          503: {
            ...answer('It is shutting down.', ref('Readiness'), { status: 'draining' }),
            headers: headers('Retry-After'),
          },
        },
      },
    },
    '/metrics': {
      get: {
        tag: 'Operation',
        operationId: 'getMetrics',
        summary: "The fleet's metrics",
        description: 'For Prometheus. Closed in production when `METRICS_TOKEN` is not set.',
        security: [{ metricsToken: [] }],
        responses: {
          200: answer("Prometheus' text format.", { type: 'string' }, undefined, 'text/plain'),
          ...errors(['unauthenticated', 'internal']),
        },
      },
    },
    ...CONSOLE_ROUTES,
    '/openapi.json': {
      get: {
        tag: 'Description',
        operationId: 'getDescription',
        summary: 'This description',
        security: NOBODY,
        responses: file('application/json', 'An OpenAPI 3.1 document.'),
      },
    },
    '/docs': {
      get: {
        tag: 'Description',
        operationId: 'getReference',
        summary: 'This description as a page',
        security: NOBODY,
        responses: file('text/html', 'The page.'),
      },
    },
  };
};
