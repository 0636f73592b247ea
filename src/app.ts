/** The middleware and the route table. */

import { type Context, Hono, type MiddlewareHandler } from 'hono';
import { cors } from 'hono/cors';
import { getPath } from 'hono/utils/url';
import { RerankError } from './calls/errors.ts';
import type { Live } from './console/live.ts';
import type { Recent } from './console/recent.ts';
import { pages as consolePages, passage, stream } from './console/routes.ts';
import { serve } from './http/asset.ts';
import { auth, type Identify } from './http/auth.ts';
import { type PurgeOptions, purgeCache } from './http/cache.ts';
import type { GatewayEnv, RequestRecord } from './http/context.ts';
import { type Endpoint, route } from './http/endpoint.ts';
import { live, type Readiness, ready } from './http/health.ts';
import { ledger, requestId } from './http/ledger.ts';
import { type MetricsRouteOptions, metricsRoute } from './http/metrics.ts';
import { availableModels, listModels, type ModelsOptions, oneModel } from './http/models.ts';
import { canonicalPath, shownPath } from './http/paths.ts';
import { type QuotaState, quotaHeaders } from './http/quota-headers.ts';
import { type RefusedKey, refusedKeys } from './http/refused-keys.ts';
import { errorResponse } from './http/respond.ts';
import { type DocumentOptions, openApi } from './openapi/document.ts';
import { pages } from './openapi/pages.ts';

export interface AppOptions {
  readonly identify: Identify;
  readonly models: readonly string[];
  /** By path. */
  readonly endpoints: Readonly<Record<string, Endpoint>>;
  readonly stateOf: ModelsOptions['stateOf'];
  /** Regions of the upstream, if its address names them. */
  readonly regions: readonly string[];
  /** Origins of the pages from which browsers may call; empty: none. */
  readonly corsOrigins: readonly string[];
  /** Purges a model's scores, in all processes. Rejects when only this process has purged them so far. */
  readonly purge: (model: string) => Promise<void>;
  readonly onPurge?: PurgeOptions['onPurge'];
  /** Called with keys that are nobody's: a few, where there are many. */
  readonly onRefusedKey?: (refused: RefusedKey) => void;
  /** Undefined for a client without a quota. */
  readonly quotaOf?: (client: string) => QuotaState | undefined;
  readonly metrics: MetricsRouteOptions;
  readonly readiness: () => Readiness;
  readonly description: DocumentOptions;
  /** @param open whether there are no keys */
  readonly console: {
    readonly live: Pick<Live, 'watch'>;
    readonly recent: Pick<Recent, 'find'>;
    readonly open: boolean;
  };
  /** Called once for every rerank request. */
  readonly onRequest: (record: RequestRecord) => void;
}

/** The routes, and the method of each. */
const ROUTES: Readonly<Record<string, 'GET' | 'POST' | 'DELETE'>> = {
  '/v1/rerank': 'POST',
  '/v1/embeddings': 'POST',
  '/v1/models': 'GET',
  '/v1/models/:id': 'GET',
  '/v1/cache': 'DELETE',
  '/available-models': 'GET',
  '/healthz': 'GET',
  '/readyz': 'GET',
  '/metrics': 'GET',
  '/openapi.json': 'GET',
  '/docs': 'GET',
  '/': 'GET',
  '/console/live': 'GET',
  '/console/requests/:id': 'GET',
};

export const createApp = (options: AppOptions): Hono<GatewayEnv> => {
  const app = new Hono<GatewayEnv>({ getPath: (request) => canonicalPath(getPath(request)) });
  const counted = ledger(options);
  const authenticated = auth(options.identify, refusedKeys(options.onRefusedKey ?? (() => {})));
  const withQuota = quotaHeaders(options.quotaOf ?? (() => undefined));
  const { models, stateOf, endpoints } = options;
  if (options.corsOrigins.length > 0) app.use(browsers(options.corsOrigins));

  for (const [path, each] of Object.entries(endpoints)) {
    app.post(path, counted, authenticated, withQuota, route(each));
  }
  app.get('/v1/models', named, authenticated, listModels({ models, stateOf }));
  app.get('/v1/models/:id', named, authenticated, oneModel({ models, stateOf }));
  app.get('/available-models', availableModels(models, options.regions));
  app.delete('/v1/cache', named, authenticated, purgeCache({ ...options, models }));
  app.get('/healthz', live);
  app.get('/readyz', ready(options.readiness));
  app.get('/metrics', metricsRoute(options.metrics));
  const assets = { ...pages(openApi(options.description)), ...consolePages(options.console.open) };
  for (const [path, asset] of Object.entries(assets)) app.get(path, serve(asset));
  app.get('/console/live', named, authenticated, stream(options.console.live));
  app.get('/console/requests/:id', named, authenticated, passage(options.console.recent));

  // Also the answer to `OPTIONS *`.
  app.options('/', (c) => c.body(null, 204, { Allow: 'GET, POST, DELETE, OPTIONS' }));
  for (const [path, method] of Object.entries(ROUTES)) {
    app.options(path, (c) => c.body(null, 204, { Allow: `${method}, OPTIONS` }));
    app.all(path, counted, () => notAllowed(method));
  }
  app.all('*', counted, (c) => unknownRoute(c.req.method, c.req.path));

  app.onError((thrown, c) => errorResponse(thrown, recordOf(c as Context<GatewayEnv>)));
  return app;
};

/** What pages of these origins may send and read (https://fetch.spec.whatwg.org/#http-cors-protocol). */
const browsers = (origins: readonly string[]): MiddlewareHandler<GatewayEnv> =>
  cors({
    origin: [...origins],
    allowMethods: ['GET', 'POST', 'DELETE'],
    exposeHeaders: [
      'X-Request-ID',
      'Cache-Status',
      'Age',
      'Retry-After',
      'RateLimit',
      'RateLimit-Policy',
      'Server-Timing',
    ],
    maxAge: PREFLIGHT_SECONDS,
  });

/** How long a browser may cache a preflight answer: the strictest browsers allow no longer. */
const PREFLIGHT_SECONDS = 600;

const notAllowed = (allow: string): never => {
  throw new RerankError('method_not_allowed', undefined, { headers: { Allow: allow } });
};

const unknownRoute = (method: string, path: string): never => {
  const known = Object.entries(ROUTES).map(([path, method]) => `${method} ${path}`);
  throw new RerankError(
    'unknown_route',
    `There is no ${method} ${shownPath(path)} here. There are ${known.join(', ')}.`,
  );
};

/** The record of a request that the ledger does not count. */
const recordOf = (c: Context<GatewayEnv>): RequestRecord =>
  c.get('record') ?? {
    id: requestId(c.req.header('x-request-id')),
    method: c.req.method,
    path: c.req.path,
    startedAt: performance.now(),
    outcome: 'invalid',
    status: 404,
    durationMs: 0,
  };

const named = async (c: Context<GatewayEnv>, next: () => Promise<void>): Promise<void> => {
  c.set('record', recordOf(c));
  await next();
};
