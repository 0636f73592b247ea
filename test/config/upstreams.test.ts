import { describe, expect, test } from 'vitest';
import { configOf, DEV, faulty, KEY, LIVE, problemsOf } from './environments.ts';

describe('upstreams', () => {
  test('each alias brings its own, the url without a trailing slash', () => {
    const env = {
      ...LIVE,
      UPSTREAMS: 'RERANK, EU_2',
      EU_2_URL: 'https://eu/base//',
      EU_2_KEY: 'k2',
      EU_2_MODEL_ID: 'amazon-rerank-1-0',
    };
    expect(configOf(env).upstreams).toEqual([
      { alias: 'RERANK', url: 'https://eu.inference.heroku.com', key: 'upstream-key', modelId: undefined },
      { alias: 'EU_2', url: 'https://eu/base', key: 'k2', modelId: 'amazon-rerank-1-0' },
    ]);
  });

  test('production never runs on the simulator, nor open', () => {
    expect(faulty({})).toEqual(['RERANK_URL', 'RERANK_KEY', 'GATEWAY_KEYS']);
    expect(faulty({ ...LIVE, UPSTREAMS: 'RERANK,EU' })).toEqual(['EU_URL', 'EU_KEY']);
    expect(faulty({ ...LIVE, GATEWAY_KEYS: ',' })).toContain('GATEWAY_KEYS');
  });

  test.each(['development', 'test', 'production'])('a url or a key alone is a problem in %s', (NODE_ENV) => {
    expect(faulty({ ...LIVE, NODE_ENV, RERANK_KEY: '' })).toEqual(['RERANK_KEY']);
    expect(faulty({ ...LIVE, NODE_ENV, RERANK_URL: '' })).toEqual(['RERANK_URL']);
    expect(faulty({ ...LIVE, NODE_ENV, UPSTREAMS: 'RERANK,EU' })).toEqual(['EU_URL', 'EU_KEY']);
  });

  test.each(['development', 'production'])(
    'an upstream without gateway keys is an open relay, in %s too',
    (NODE_ENV) => {
      expect(faulty({ ...LIVE, NODE_ENV, GATEWAY_KEYS: undefined })).toEqual(['GATEWAY_KEYS']);
      expect(faulty({ ...LIVE, NODE_ENV, GATEWAY_KEYS: '', RERANK_URL: 'nonsense' })).toContain(
        'GATEWAY_KEYS',
      );
    },
  );

  test('plain http is refused in production only, where the key could be overheard', () => {
    expect(problemsOf({ ...LIVE, ...DEV, RERANK_URL: 'http://upstream.test' })).toEqual([]);
    expect(faulty({ ...LIVE, RERANK_URL: 'http://upstream.test' })).toEqual(['RERANK_URL']);
  });

  test('its key is not lent to anything else', () => {
    const RERANK_KEY = 'upstream-key-0123456789';
    expect(faulty({ ...LIVE, RERANK_KEY, GATEWAY_KEYS: `search:${RERANK_KEY}` })).toEqual(['GATEWAY_KEYS']);
    expect(faulty({ ...LIVE, RERANK_KEY, METRICS_TOKEN: RERANK_KEY })).toEqual(['METRICS_TOKEN']);
    expect(faulty({ ...LIVE, METRICS_TOKEN: KEY })).toEqual(['GATEWAY_KEYS']);
  });
});
