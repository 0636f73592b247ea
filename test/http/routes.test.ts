import { describe, expect, test } from 'vitest';
import type { Caller } from '../../src/http/context.ts';
import { live, type Readiness, ready } from '../../src/http/health.ts';
import { type MetricsRouteOptions, metricsRoute } from '../../src/http/metrics.ts';
import { listModels } from '../../src/http/models.ts';
import { aCaller, onion } from './onion.ts';

describe('readiness', () => {
  const ask = async (readiness: Readiness): Promise<Response> => {
    const app = onion();
    app.get(
      '/readyz',
      ready(() => readiness),
    );
    return app.request('/readyz');
  };

  test.each<[Readiness, status: number, body: unknown]>([
    [{ draining: false, redis: undefined }, 200, { status: 'ready' }],
    [{ draining: false, redis: 'up' }, 200, { status: 'ready', redis: 'up' }],
    // Redis is a helper: without it the gateway serves, and says what is missing.
    [{ draining: false, redis: 'down' }, 200, { status: 'degraded', redis: 'down' }],
    // One that answers is not always one that the limit can be shared by.
    [
      { draining: false, redis: 'up', alone: true },
      200,
      { status: 'degraded', redis: 'up', pacing: 'alone' },
    ],
    [{ draining: false, redis: 'down', alone: true }, 200, { status: 'degraded', redis: 'down' }],
    [{ draining: true, redis: undefined }, 503, { status: 'draining' }],
    [{ draining: true, redis: 'up' }, 503, { status: 'draining' }],
  ])('of %j is a %i', async (readiness, status, body) => {
    const response = await ask(readiness);
    expect(response.status).toBe(status);
    expect(await response.json()).toEqual(body);
    expect(response.headers.get('retry-after')).toBe(status === 503 ? '1' : null);
  });

  test('is not needed to be alive', async () => {
    const app = onion();
    app.get('/healthz', live);
    const response = await app.request('/healthz');
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ status: 'ok' });
  });
});

describe('the list of models', () => {
  const SERVED = ['cohere', 'amazon'];
  const ask = async (caller: Caller): Promise<unknown> => {
    const app = onion();
    app.use(async (c, next) => {
      c.set('caller', caller);
      await next();
    });
    const stateOf = (model: string) => ({ limit: model.length, remaining: 2, waiting: 1 });
    app.get('/v1/models', listModels({ models: SERVED, stateOf }));
    return (await app.request('/v1/models')).json();
  };
  const entry = (id: string) => ({
    id,
    object: 'model',
    owned_by: 'heroku',
    limit: id.length,
    remaining: 2,
    waiting: 1,
  });

  test('has all models, and how much room each has, for a caller that may use all', async () => {
    expect(await ask(aCaller())).toEqual({ object: 'list', data: SERVED.map(entry) });
  });

  test('has only the models that the caller may use', async () => {
    const caller = aCaller({ models: ['amazon', 'retired'] });
    expect(await ask(caller)).toEqual({ object: 'list', data: [entry('amazon')] });
  });
});

describe('the metrics', () => {
  const TOKEN = 'metrics-token-SECRET';
  const ask = async (over: Partial<MetricsRouteOptions>, authorization?: string): Promise<Response> => {
    const app = onion();
    const options = {
      render: async () => 'up 1\n',
      contentType: 'text/plain',
      token: undefined,
      open: false,
    };
    app.get('/metrics', metricsRoute({ ...options, ...over }));
    return app.request('/metrics', authorization === undefined ? {} : { headers: { authorization } });
  };

  test('are for whoever holds the token', async () => {
    const response = await ask({ token: TOKEN }, `bearer ${TOKEN}`);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/plain');
    expect(await response.text()).toBe('up 1\n');
  });

  test.each([undefined, '', `Bearer ${TOKEN}x`, `Basic ${TOKEN}`, TOKEN, 'Bearer undefined'])(
    'are for nobody else, open or not: %j',
    async (authorization) => {
      for (const open of [true, false]) {
        const response = await ask({ token: TOKEN, open }, authorization);
        expect(response.status).toBe(401);
        expect(response.headers.get('www-authenticate')).toBe('Bearer');
        expect(await response.text()).not.toContain('up 1');
      }
    },
  );

  test('without a token are for everybody or for nobody', async () => {
    expect((await ask({ open: true })).status).toBe(200);
    expect((await ask({ open: false })).status).toBe(401);
    expect((await ask({ open: false }, 'Bearer undefined')).status).toBe(401);
  });
});
