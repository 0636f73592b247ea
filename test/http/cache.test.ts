import { describe, expect, test } from 'vitest';
import { purgeCache } from '../../src/http/cache.ts';
import type { Caller } from '../../src/http/context.ts';
import { aCaller, onion } from './onion.ts';

const MODELS = ['cohere', 'amazon'];
const admin = aCaller({ admin: true });

/** The answer, and the models that were purged. */
const purge = async (
  path: string,
  caller: Caller = admin,
  outcome: () => Promise<void> = async () => {},
): Promise<{ response: Response; purged: string[] }> => {
  const purged: string[] = [];
  const app = onion();
  app.use(async (c, next) => {
    c.set('caller', caller);
    await next();
  });
  const onPurge = (model: string): Promise<void> => {
    purged.push(model);
    return outcome();
  };
  app.delete('/v1/cache', purgeCache({ models: MODELS, purge: onPurge }));
  return { response: await app.request(path, { method: 'DELETE' }), purged };
};

describe('a purge', () => {
  test('forgets the model named, and no other', async () => {
    const { response, purged } = await purge('/v1/cache?model=amazon');
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ object: 'cache', model: 'amazon', purged: true });
    expect(purged).toEqual(['amazon']);
  });

  test.each(['/v1/cache', '/v1/cache?model='])('has to name a model: %s', async (path) => {
    const { response, purged } = await purge(path);
    expect(response.status).toBe(400);
    expect(((await response.json()) as { message: string }).message).toContain('`model`');
    expect(purged).toEqual([]);
  });

  test.each<[what: string, path: string, caller: Caller, status: number]>([
    ['a key that is not marked as admin', '/v1/cache?model=cohere', aCaller(), 403],
    ['such a key, whatever it names', '/v1/cache?model=unknown', aCaller(), 403],
    ['an admin of other models', '/v1/cache?model=cohere', aCaller({ admin: true, models: ['amazon'] }), 403],
    ['a model that is not served', '/v1/cache?model=unknown', admin, 404],
  ])('is refused for %s', async (_, path, caller, status) => {
    const { response, purged } = await purge(path, caller);
    expect(response.status).toBe(status);
    expect(purged).toEqual([]);
  });

  test('that the other processes cannot be told of yet says so, and to come back', async () => {
    const { response } = await purge('/v1/cache?model=cohere', admin, () =>
      Promise.reject(new Error('SECRET')),
    );
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toMatch(/^[1-9]$/);
    const body = (await response.json()) as { message: string };
    expect(body.message).toContain('Redis');
    expect(body.message.includes('SECRET')).toBe(false);
  });
});
