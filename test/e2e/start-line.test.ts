import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterEach, expect, test } from 'vitest';
import { KEYS, UPSTREAM_KEY } from '../support/gateway.ts';
import { type GatewayProcess, runGateway } from '../support/process.ts';
import { program } from '../support/program.ts';

const { version: VERSION } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));

let gateway: GatewayProcess;
afterEach(() => gateway[Symbol.asyncDispose]());

test('a start in production says in one line of JSON what runs, and shows no secret', async () => {
  gateway = runGateway({
    RERANK_URL: 'http://127.0.0.1:9/base',
    RERANK_KEY: UPSTREAM_KEY,
    GATEWAY_KEYS: `search:${KEYS.search},chatbot:${KEYS.chatbot}`,
    REDIS_URL: 'redis://:password-SECRET@127.0.0.1:1',
    DYNO: 'web.1',
    HEROKU_RELEASE_VERSION: 'v42',
  });
  await gateway.listening;
  const lines = gateway.stdout().split('\n').filter(Boolean);
  const [line] = lines.map((text) => JSON.parse(text)).filter(({ msg }) => msg === 'listening');
  expect(line).toMatchObject({
    dyno: 'web.1',
    release: 'v42',
    version: VERSION,
    mode: 'production',
    attachments: ['RERANK'],
    services: ['search', 'chatbot'],
    redis: '127.0.0.1:1',
  });
  expect(line.closed).toContain('/metrics: METRICS_TOKEN is not set');
  expect(gateway.stdout()).not.toContain('SECRET');
});

test('a start at a terminal in development says it for people, and what it tells to try is answered', async () => {
  const command = [process.execPath, ...program()].map((word) => `"${word}"`).join(' ');
  const env = { PATH: process.env.PATH ?? '', NODE_ENV: 'development', SHELL: '/bin/sh' };
  gateway = runGateway(env, ['script', '-qec', command, '/dev/null']);
  const url = await gateway.listening;
  expect(await (await fetch(`${url}/metrics`)).text()).toContain(`gateway_build_info{version="${VERSION}",`);
  expect(gateway.stdout()).toMatch(
    /^\d\d:\d\d:\d\d info {2}listening {2}port=\d+ {2}version=.+ {2}mode=development/m,
  );
  const [, curl = ''] = / {2}try +(curl .+)/.exec(gateway.stdout()) ?? [];
  const { stdout } = await promisify(execFile)('sh', ['-c', curl]);
  expect(JSON.parse(stdout).results[0].index).toBe(1);
});
