import { describe, expect, test } from 'vitest';
import { announcement } from '../../src/config/announcement.ts';
import { configOf, DEV, LIVE } from './environments.ts';

describe('the first line of the log says', () => {
  test('what runs in production, for whom, and what is closed and why', () => {
    const env = {
      ...LIVE,
      UPSTREAMS: 'RERANK,RERANK_EU',
      RERANK_EU_URL: 'https://eu.inference.heroku.com',
      RERANK_EU_KEY: 'upstream-key-eu',
      GATEWAY_KEYS: 'search:search-key-000001,search:search-key-000002,chatbot:chatbot-key-00003',
      REDIS_URL: 'rediss://user:password@[::1]:6380/2',
    };
    expect(announcement(configOf(env), '1.2.3', 3000)).toEqual({
      version: '1.2.3',
      mode: 'production',
      attachments: ['RERANK', 'RERANK_EU'],
      models: { 'cohere-rerank-3-5': 250, 'amazon-rerank-1-0': 200, 'cohere-embed-multilingual': 500 },
      tokens: { 'cohere-embed-multilingual': 800_000 },
      services: ['search', 'chatbot'],
      redis: '[::1]:6380',
      closed: [
        '/metrics: METRICS_TOKEN is not set',
        'DELETE /v1/cache: no service in GATEWAY_KEYS is marked admin',
        'calls from pages in browsers: CORS_ORIGINS is not set',
      ],
    });
  });

  test('of what is open, nothing', () => {
    const env = {
      ...LIVE,
      METRICS_TOKEN: 'metrics-token-0001',
      GATEWAY_KEYS: 'ops:operator-key-00001;admin',
      CORS_ORIGINS: 'https://app.example.com',
    };
    expect(announcement(configOf(env), '1.2.3', 3000).closed).toEqual([]);
  });

  test('in development, how to get a first answer, and of a key that one is needed', () => {
    expect(announcement(configOf(DEV), '1.2.3', 8080).try).toMatch(/^curl -s localhost:8080\/v1\/rerank -d /);
    const keyed = { ...DEV, GATEWAY_KEYS: 'search:search-key-000001' };
    expect(announcement(configOf(keyed), '1.2.3', 8080).try).toContain("-H 'Authorization: Bearer KEY'");
  });
});
