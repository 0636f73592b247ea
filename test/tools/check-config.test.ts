import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { program } from '../support/program.ts';

const root = new URL('..', import.meta.url).pathname;

const check = (env: Record<string, string>, ...words: string[]) =>
  spawnSync(process.execPath, [...program('tools/check-config.ts'), ...words], {
    cwd: root,
    encoding: 'utf8',
    env: { PATH: process.env.PATH ?? '', ...env },
  });

describe('check-config', () => {
  test('prints the effective config without secrets and exits 0', () => {
    const { status, stdout, stderr } = check({
      RERANK_URL: 'https://eu.inference.heroku.com',
      RERANK_KEY: 'upstream-key-0123',
      GATEWAY_KEYS: 'search:gateway-key-0001;rpm=5',
      REDIS_URL: 'rediss://:redis-password@host:6380',
      DYNO: 'release.1',
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({ production: true, dyno: 'release.1', port: 3000 });
    for (const secret of ['upstream-key-0123', 'gateway-key-0001', 'redis-password']) {
      expect(stdout).not.toContain(secret);
    }
  });

  test('warns of what is repaired or ignored, without a value, and exits 0', () => {
    const { status, stdout, stderr } = check({
      RERANK_URL: 'https://eu.inference.heroku.com/v1/rerank',
      RERANK_KEY: 'upstream-key-SECRET',
      GATEWAY_KEYS: 'search:gateway-key-SECRET,',
      METRIC_TOKEN: 'metrics-token-SECRET',
    });
    expect(status).toBe(0);
    expect(JSON.parse(stdout).upstreams[0].url).toBe('https://eu.inference.heroku.com');
    expect(stderr.trim().split('\n')).toEqual([
      'warning: RERANK_URL is taken without /v1/rerank at its end, which is ours to add',
      'warning: METRIC_TOKEN is ignored: there is no such variable, but METRICS_TOKEN',
    ]);
  });

  test('with --live says of each thing whether it can be used, and exits 1 when something cannot', () => {
    const env = {
      RERANK_URL: 'http://127.0.0.1:1',
      RERANK_KEY: 'upstream-key-SECRET',
      GATEWAY_KEYS: 'search:gateway-key-SECRET',
      REDIS_URL: 'redis://:password-SECRET@127.0.0.1:1',
    };
    const { status, stdout, stderr } = check(env, '--live');
    expect({ status, stderr }).toEqual({ status: 1, stderr: '' });
    expect(stdout.trim().split('\n').slice(-3)).toEqual([
      'RERANK  PROBLEM: cannot be reached: ECONNREFUSED',
      'Redis   PROBLEM: 127.0.0.1:1 cannot be used (outage): ECONNREFUSED',
      'live: 2 to repair',
    ]);
    expect(stdout).not.toContain('SECRET');
  });

  test('with --live exits 0 where there is nothing that could be asked', () => {
    const { status, stdout } = check({ NODE_ENV: 'development' }, '--live');
    expect(status).toBe(0);
    expect(stdout).toContain('live: nothing to ask');
  });

  test('refuses other words with what it takes, and exits 2', () => {
    expect(check({}, '--life')).toMatchObject({
      status: 2,
      stdout: '',
      stderr: expect.stringContaining('--live'),
    });
  });

  test('prints every problem on a line of stderr and exits 2', () => {
    const { status, stdout, stderr } = check({ PORT: 'x', RERANK_URL: 'https://h', MAX_QUEUE: '0' });
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    const variables = stderr
      .trim()
      .split('\n')
      .map((line) => line.split(':')[0]);
    expect(variables.sort()).toEqual(['GATEWAY_KEYS', 'MAX_QUEUE', 'PORT', 'RERANK_KEY']);
  });
});
