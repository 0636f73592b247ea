import { describe, expect, test } from 'vitest';
import { describeConfig } from '../../src/config/config.ts';
import { configOf, DEV, LIVE } from './environments.ts';

describe('defaults', () => {
  test('development needs no variable at all: simulator, open, memory only', () => {
    expect(configOf(DEV)).toEqual({
      production: false,
      host: '0.0.0.0',
      port: 3000,
      dyno: 'machine',
      release: undefined,
      commit: undefined,
      upstreams: [],
      modelLimits: { 'cohere-rerank-3-5': 250, 'amazon-rerank-1-0': 200, 'cohere-embed-multilingual': 500 },
      modelTokens: { 'cohere-embed-multilingual': 800_000 },
      rateWindowMs: 60_000,
      clients: [],
      redis: undefined,
      cache: {
        ttlMs: 86_400_000,
        staleMs: 86_400_000,
        memoryBytes: 67_108_864,
        granularity: {
          'cohere-rerank-3-5': 'document',
          'amazon-rerank-1-0': 'request',
          'cohere-embed-multilingual': 'document',
        },
        scope: 'shared',
      },
      verifyRate: 0.001,
      upstreamFirewall: 'report',
      maxWaitMs: 25_000,
      maxQueue: 1000,
      maxBodyBytes: 16_777_216,
      maxBufferBytes: 100_663_296,
      stallMs: 10_000,
      drainDelayMs: 0,
      corsOrigins: [],
      metricsToken: undefined,
      logLevel: 'info',
    });
  });

  test.each([undefined, '', ' ', 'production', 'staging', 'Development'])(
    'NODE_ENV %j is production',
    (mode) => {
      expect(configOf({ ...LIVE, NODE_ENV: mode }).production).toBe(true);
    },
  );

  test('an empty or blank variable counts as unset, and white space around a value is dropped', () => {
    expect(
      configOf({ ...DEV, PORT: '', HOST: ' ', REDIS_URL: '', RERANK_URL: '', GATEWAY_KEYS: '\n' }),
    ).toEqual(configOf(DEV));
    expect(configOf({ ...LIVE, RERANK_KEY: ' upstream-key\n', PORT: ' 5 ' })).toEqual(
      configOf({ ...LIVE, PORT: '5' }),
    );
  });

  test('DYNO names the process before the host does', () => {
    expect(configOf({ ...DEV, DYNO: 'web.1' }).dyno).toBe('web.1');
  });

  test('Heroku tells the release, and the commit by its new name or by its old one', () => {
    const env = { ...DEV, HEROKU_RELEASE_VERSION: 'v42', HEROKU_SLUG_COMMIT: '2c3a0b2' };
    expect(configOf(env)).toMatchObject({ release: 'v42', commit: '2c3a0b2' });
    expect(configOf({ ...env, HEROKU_BUILD_COMMIT: '4069af4' }).commit).toBe('4069af4');
  });

  test('the config is frozen to its leaves', () => {
    const config = configOf({ ...LIVE, REDIS_URL: 'redis://localhost' });
    const frozen = (value: unknown): boolean =>
      typeof value !== 'object' ||
      value === null ||
      (Object.isFrozen(value) && Object.values(value).every(frozen));
    expect(frozen(config)).toBe(true);
  });
});

describe('models', () => {
  test('granularity overrides the defaults, and an unknown model is cached the safe way', () => {
    const env = {
      ...LIVE,
      MODEL_LIMITS: 'cohere-rerank-3-5=1,mine=2,yours=3',
      CACHE_GRANULARITY: 'yours=off',
    };
    expect(configOf(env).cache.granularity).toEqual({
      'cohere-rerank-3-5': 'document',
      mine: 'request',
      yours: 'off',
    });
  });

  test("names from JavaScript's own objects are models like any other, and never served by accident", () => {
    const { modelLimits, cache } = configOf({ ...LIVE, MODEL_LIMITS: '__proto__=5,constructor=6' });
    expect(['__proto__', 'constructor', 'toString'].map((name) => modelLimits[name])).toEqual([
      5,
      6,
      undefined,
    ]);
    expect(cache.granularity).toEqual(
      Object.fromEntries([
        ['__proto__', 'request'],
        ['constructor', 'request'],
      ]),
    );
  });

  test('a limit may have a second part, tokens; an embedding model is cached text by text', () => {
    const env = { ...LIVE, MODEL_LIMITS: 'my-embedder=5/1000, other-embed=7,mine=2' };
    const { modelLimits, modelTokens, cache } = configOf(env);
    expect(modelLimits).toEqual({ 'my-embedder': 5, 'other-embed': 7, mine: 2 });
    expect(modelTokens).toEqual({ 'my-embedder': 1000 });
    expect(cache.granularity).toEqual({
      'my-embedder': 'document',
      'other-embed': 'document',
      mine: 'request',
    });
  });

  test('a model that no attachment serves is not served', () => {
    const env = {
      ...LIVE,
      UPSTREAMS: 'RERANK,EU',
      EU_URL: 'https://eu',
      EU_KEY: 'k',
      RERANK_MODEL_ID: 'cohere-rerank-3-5',
    };
    expect(Object.keys(configOf(env).modelLimits)).toHaveLength(3);
    const tied = configOf({ ...env, EU_MODEL_ID: 'cohere-rerank-3-5' });
    expect(tied.modelLimits).toEqual({ 'cohere-rerank-3-5': 250 });
    expect(tied.modelTokens).toEqual({});
    expect(tied.cache.granularity).toEqual({ 'cohere-rerank-3-5': 'document' });
  });
});

describe('the description', () => {
  test('shows what is in force, and secrets by their length only', () => {
    const text = describeConfig(
      configOf({
        ...LIVE,
        REDIS_URL: 'rediss://user:hunter2@host:6380/1',
        METRICS_TOKEN: 'm'.repeat(20),
      }),
    );
    expect(text).toMatchObject({
      production: true,
      upstreams: [{ alias: 'RERANK', url: LIVE.RERANK_URL, key: 'set (12 characters)', models: 'all' }],
      clients: [
        {
          name: 'search',
          keys: ['set (16 characters), fingerprint 52cb2fed'],
          weight: 1,
          rpm: 'unlimited',
          models: 'all',
          admin: false,
        },
      ],
      redis: { url: 'rediss://****@host:6380/1', prefix: 'rerank:' },
      metricsToken: 'set (20 characters)',
    });
  });

  test('says in words what is absent', () => {
    expect(describeConfig(configOf(DEV))).toMatchObject({
      upstreams: 'the built-in simulator',
      clients: 'open to everybody',
      metricsToken: 'unset: /metrics is open',
    });
    expect(describeConfig(configOf(LIVE)).metricsToken).toBe('unset: /metrics is closed');
  });
});
