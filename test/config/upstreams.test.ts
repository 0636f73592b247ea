import { describe, expect, test } from 'vitest';
import { configOf, DEV, faulty, KEY, LIVE, problemsOf, warningsOf } from './environments.ts';

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

  test.each([
    ['https://h/v1', 'https://h', '/v1'],
    ['https://h/v1/rerank', 'https://h', '/v1/rerank'],
    ['https://h/v2/', 'https://h', '/v2/'],
    ['https://h/rerank', 'https://h', '/rerank'],
    ['https://h:8443/base//v1//rerank//', 'https://h:8443/base', '//v1//rerank//'],
    ['https://h/v1/embeddings', 'https://h', '/v1/embeddings'],
    ['https://h/v1/base', 'https://h/v1/base', undefined],
    ['https://h/rerank-proxy', 'https://h/rerank-proxy', undefined],
  ])('the url %s is taken for %s: the route is ours to add', (RERANK_URL, url, route) => {
    expect(configOf({ ...LIVE, RERANK_URL }).upstreams[0]?.url).toBe(url);
    const warning = `RERANK_URL is taken without ${route} at its end, which is ours to add`;
    expect(warningsOf({ ...LIVE, RERANK_URL })).toEqual(route ? [warning] : []);
  });

  describe('of one key', () => {
    const one = { url: LIVE.RERANK_URL, key: LIVE.RERANK_KEY };
    const twice = {
      ...LIVE,
      UPSTREAMS: 'RERANK,B',
      B_URL: LIVE.RERANK_URL,
      B_KEY: LIVE.RERANK_KEY,
    };

    test('are one, since they have one budget', () => {
      expect(configOf(twice).upstreams).toEqual([{ ...one, alias: 'RERANK', modelId: undefined }]);
      expect(warningsOf(twice)).toEqual([
        'B_KEY is the value of RERANK_KEY: they share one budget, as RERANK',
      ]);
    });

    test('are one also where their URLs mean the same', () => {
      expect(configOf({ ...twice, B_URL: `${LIVE.RERANK_URL}/v1/` }).upstreams).toHaveLength(1);
    });

    test('serve together what either serves', () => {
      const three = { ...twice, UPSTREAMS: 'RERANK,B,C', C_URL: LIVE.RERANK_URL, C_KEY: LIVE.RERANK_KEY };
      const [RERANK_MODEL_ID, B_MODEL_ID] = ['cohere-rerank-3-5', 'amazon-rerank-1-0'];
      expect(configOf({ ...three, RERANK_MODEL_ID, B_MODEL_ID }).upstreams).toEqual([
        { ...one, alias: 'RERANK', modelId: undefined },
      ]);
    });

    test('are two where they serve different models, which have different budgets', () => {
      const [RERANK_MODEL_ID, B_MODEL_ID] = ['cohere-rerank-3-5', 'amazon-rerank-1-0'];
      const env = { ...twice, RERANK_MODEL_ID, B_MODEL_ID };
      expect(configOf(env).upstreams.map(({ alias }) => alias)).toEqual(['RERANK', 'B']);
      expect(warningsOf(env)).toEqual([]);
    });

    test('are refused at different addresses', () => {
      expect(problemsOf({ ...twice, B_URL: 'https://other.example.com' })).toEqual([
        {
          variable: 'B_KEY',
          message: 'is the value of RERANK_KEY with another URL: a key has one budget, so name one of them',
        },
      ]);
    });
  });

  describe('that nobody named', () => {
    const INFERENCE = { INFERENCE_URL: 'https://us.inference.heroku.com', INFERENCE_KEY: 'k' };

    test('are the way out where the expected one is missing', () => {
      const problems = problemsOf({ GATEWAY_KEYS: LIVE.GATEWAY_KEYS, ...INFERENCE });
      expect(problems.map(({ variable }) => variable)).toEqual(['RERANK_URL', 'RERANK_KEY']);
      for (const { message } of problems) {
        expect(message).toContain('INFERENCE_URL is set');
        expect(message).toContain('--as RERANK');
        expect(message).toContain('UPSTREAMS=INFERENCE');
      }
      expect(
        configOf({ GATEWAY_KEYS: LIVE.GATEWAY_KEYS, ...INFERENCE, UPSTREAMS: 'INFERENCE' }).upstreams[0]
          ?.alias,
      ).toBe('INFERENCE');
    });

    test.each([
      ['beside others', LIVE],
      ['where a simulator stands in', DEV],
    ])('are warned about %s', (_, env) => {
      expect(warningsOf({ ...env, ...INFERENCE })).toEqual([
        'INFERENCE_URL belongs to an attachment that UPSTREAMS does not name: it is not used',
      ]);
    });
  });

  test('a limit of a model that none of them serves is warned about', () => {
    const env = { ...LIVE, RERANK_MODEL_ID: 'a', MODEL_LIMITS: 'a=1,b=2,c=3' };
    expect(warningsOf(env)).toEqual(['MODEL_LIMITS no attachment serves b, c']);
    expect(warningsOf({ ...LIVE, RERANK_MODEL_ID: 'cohere-rerank-3-5' })).toEqual([]);
  });

  test('its key is not lent to anything else', () => {
    const RERANK_KEY = 'upstream-key-0123456789';
    expect(faulty({ ...LIVE, RERANK_KEY, GATEWAY_KEYS: `search:${RERANK_KEY}` })).toEqual(['GATEWAY_KEYS']);
    expect(faulty({ ...LIVE, RERANK_KEY, METRICS_TOKEN: RERANK_KEY })).toEqual(['METRICS_TOKEN']);
    expect(faulty({ ...LIVE, METRICS_TOKEN: KEY })).toEqual(['GATEWAY_KEYS']);
  });
});
