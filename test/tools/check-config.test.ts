import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { program } from '../support/program.ts';

const root = new URL('..', import.meta.url).pathname;

const check = (env: Record<string, string>) =>
  spawnSync(process.execPath, program('tools/check-config.ts'), {
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
