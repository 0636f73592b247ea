/** The HTTP onion and the route table. */

import { type Context, Hono } from 'hono';
import { type AuthOptions, auth } from './http/auth.ts';
import { purgeCache } from './http/cache.ts';
import type { GatewayEnv, RequestRecord } from './http/context.ts';
import { live, type Readiness, ready } from './http/health.ts';
import { ledger, requestId } from './http/ledger.ts';
import { type MetricsRouteOptions, metricsRoute } from './http/metrics.ts';
import { listModels, type ModelsOptions } from './http/models.ts';
import { type QuotaState, quotaHeaders } from './http/quota-headers.ts';
import { type RerankOptions, rerank } from './http/rerank.ts';
import { errorResponse } from './http/respond.ts';
import { RerankError } from './rerank/errors.ts';

export interface AppOptions {
  readonly auth: AuthOptions;
  readonly rerank: RerankOptions;
  readonly models: ModelsOptions['stateOf'];
  /** Forgets a model's scores, in all processes; rejects when only this one could be told so far. */
  readonly purge: (model: string) => Promise<void>;
  /** Undefined for a client without a quota. */
  readonly quotaOf?: (client: string) => QuotaState | undefined;
  readonly metrics: MetricsRouteOptions;
  readonly readiness: () => Readiness;
  /** Told about every rerank request once. */
  readonly onRequest: (record: RequestRecord) => void;
}

/** Where the clients in use look for rerank, given a base URL with or without a version in it. */
const RERANK_PATHS = ['/v1/rerank', '/v2/rerank', '/rerank', '/v1/v2/rerank', '/v2/v2/rerank'];

export const createApp = (options: AppOptions): Hono<GatewayEnv> => {
  // Not strict: a trailing slash makes no difference.
  const app = new Hono<GatewayEnv>({ strict: false });
  const authenticated = auth(options.auth);
  const withQuota = quotaHeaders(options.quotaOf ?? (() => undefined));

  for (const path of RERANK_PATHS) {
    app.use(path, ledger(options));
    app.post(path, authenticated, withQuota, rerank(options.rerank));
    app.all(path, () => notAllowed('POST'));
  }

  app.get(
    '/v1/models',
    named,
    authenticated,
    listModels({ models: options.rerank.models, stateOf: options.models }),
  );
  app.all('/v1/models', () => notAllowed('GET'));
  app.delete(
    '/v1/cache',
    named,
    authenticated,
    purgeCache({ models: options.rerank.models, purge: options.purge }),
  );
  app.all('/v1/cache', () => notAllowed('DELETE'));
  app.get('/healthz', live);
  app.get('/readyz', ready(options.readiness));
  app.get('/metrics', metricsRoute(options.metrics));

  app.notFound((c) => errorResponse(new RerankError('unknown_route'), recordOf(c)));
  app.onError((thrown, c) => errorResponse(thrown, recordOf(c as Context<GatewayEnv>)));
  return app;
};

const notAllowed = (allow: string): never => {
  throw new RerankError('method_not_allowed', undefined, { headers: { Allow: allow } });
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
