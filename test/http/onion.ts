/** The outer rings of the HTTP onion, as the gateway has them, around whatever a test puts inside. */

import { Hono } from 'hono';
import type { Caller, GatewayEnv, RequestRecord } from '../../src/http/context.ts';
import { ledger } from '../../src/http/ledger.ts';
import { errorResponse } from '../../src/http/respond.ts';

export const onion = (onRequest: (record: RequestRecord) => void = () => {}): Hono<GatewayEnv> => {
  const app = new Hono<GatewayEnv>();
  app.use(ledger({ onRequest }));
  app.onError((thrown, c) => errorResponse(thrown, c.get('record')));
  return app;
};

export const aCaller = (over: Partial<Caller> = {}): Caller => ({
  name: 'search',
  models: undefined,
  admin: false,
  ...over,
});

export const aRecord = (over: Partial<RequestRecord> = {}): RequestRecord => ({
  id: 'a-request-id-of-some-length',
  method: 'POST',
  path: '/v1/rerank',
  startedAt: performance.now(),
  outcome: 'error',
  status: 500,
  durationMs: 0,
  ...over,
});
