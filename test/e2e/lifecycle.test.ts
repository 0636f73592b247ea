import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Simulator, startSimulator } from '../../src/simulator/server.ts';
import { COHERE, KEYS, LIMITS, UPSTREAM_KEY } from '../support/gateway.ts';
import { type GatewayProcess, runGateway } from '../support/process.ts';
import { bodyOf, fresh } from './requests.ts';

let simulator: Simulator;
let gateway: GatewayProcess | undefined;

beforeEach(async () => {
  simulator = await startSimulator({ keys: { [UPSTREAM_KEY]: {} }, limits: LIMITS });
});
afterEach(async () => {
  await gateway?.[Symbol.asyncDispose]();
  gateway = undefined;
  await simulator.close();
});

const until = async (condition: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 10));
};

const start = async (env: Record<string, string> = {}): Promise<{ process: GatewayProcess; url: string }> => {
  gateway = runGateway({
    RERANK_URL: simulator.url,
    RERANK_KEY: UPSTREAM_KEY,
    GATEWAY_KEYS: `search:${KEYS.search}`,
    ...env,
  });
  return { process: gateway, url: await gateway.listening };
};

const ask = (url: string, request: unknown = fresh()): Promise<Response> =>
  fetch(`${url}/v1/rerank`, {
    method: 'POST',
    headers: { authorization: `Bearer ${KEYS.search}` },
    body: JSON.stringify(request),
  });

describe('a production process', () => {
  test('is healthy, ready, and keeps connections longer than the router does', async () => {
    const { url } = await start();
    const health = await fetch(`${url}/healthz`);
    expect([health.status, await health.json()]).toEqual([200, { status: 'ok' }]);
    expect(health.headers.get('keep-alive')).toBe('timeout=95');
    const ready = await fetch(`${url}/readyz`);
    expect([ready.status, await ready.json()]).toEqual([200, { status: 'ready' }]);
    expect((await ask(url)).headers.get('keep-alive')).toBe('timeout=95');
  });

  test('finishes what runs when it gets SIGTERM, and ends with 0 however often it gets it', async () => {
    const { process, url } = await start();
    simulator.latency([300, 300]);
    const running = [ask(url), ask(url)];
    await until(() => simulator.calls.length === 2);
    process.kill('SIGTERM');
    process.kill('SIGTERM');
    await until(() => process.stdout().includes('"draining"'));
    process.kill('SIGTERM');
    for (const answer of running) await bodyOf(await answer);
    expect(await process.exited).toEqual({ code: 0, signal: null });
    expect(process.stdout()).toContain('"drained"');
    await expect(ask(url)).rejects.toThrow();
  });

  test('finishes what waits for a slot too', async () => {
    const { process, url } = await start({ MODEL_LIMITS: `${COHERE}=1`, RATE_WINDOW_MS: '700' });
    const answers = [ask(url), ask(url)];
    await until(() => simulator.calls.length === 1);
    await until(async () => (await (await models(url)).text()).includes('"waiting":1'));
    process.kill('SIGTERM');
    for (const answer of answers) await bodyOf(await answer);
    expect((await process.exited).code).toBe(0);
  });

  const models = (url: string): Promise<Response> =>
    fetch(`${url}/v1/models`, { headers: { authorization: `Bearer ${KEYS.search}` } });

  test('refuses to start, with every problem at once, and exit code 2', async () => {
    gateway = runGateway({
      PORT: 'seventy',
      RERANK_URL: 'http://example.com',
      GATEWAY_KEYS: 'search:short-SECRET',
      CACHE_TTL_SECONDS: '-1',
      LOG_LEVEL: 'loud',
    });
    expect(await gateway.exited).toEqual({ code: 2, signal: null });
    const lines = gateway.stderr().trim().split('\n');
    const variables = lines.map((line) => line.split(':')[0]).sort();
    expect(variables).toEqual([
      'CACHE_TTL_SECONDS',
      'GATEWAY_KEYS',
      'LOG_LEVEL',
      'PORT',
      'RERANK_KEY',
      'RERANK_URL',
    ]);
    expect(gateway.stdout()).toBe('');
    expect(gateway.stderr().includes('SECRET')).toBe(false);
  });

  test('without any environment is refused as production, not started with a simulator', async () => {
    gateway = runGateway({});
    expect((await gateway.exited).code).toBe(2);
    for (const variable of ['RERANK_URL', 'RERANK_KEY', 'GATEWAY_KEYS']) {
      expect(gateway.stderr()).toContain(`${variable}: is required`);
    }
  });

  test('says in one line that its port is taken, and ends with 1', async () => {
    const squatter = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => squatter.once('listening', resolve));
    const { port } = squatter.address() as { port: number };
    gateway = runGateway({
      PORT: String(port),
      RERANK_URL: simulator.url,
      RERANK_KEY: UPSTREAM_KEY,
      GATEWAY_KEYS: `search:${KEYS.search}`,
    });
    const { code } = await gateway.exited;
    squatter.close();
    expect(code).toBe(1);
    const lines = (gateway.stdout() + gateway.stderr()).trim().split('\n');
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0]!)).toMatchObject({ code: 'EADDRINUSE', port });
  });

  test('says in one line that its host cannot be bound, and ends with 1', async () => {
    // TEST-NET-1 (RFC 5737): no machine has it.
    gateway = runGateway({ NODE_ENV: 'development', HOST: '192.0.2.1', LOG_LEVEL: 'fatal' });
    expect((await gateway.exited).code).toBe(1);
    const lines = (gateway.stdout() + gateway.stderr()).trim().split('\n');
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0]!)).toMatchObject({ code: 'EADDRNOTAVAIL', host: '192.0.2.1' });
  });

  test('warns in its log of what is ignored or repaired in its configuration, without a value', async () => {
    const { process } = await start({ RERANK_URL: `${simulator.url}/v1`, CACHE_TTL: 'SECRET' });
    const warnings = process
      .stdout()
      .split('\n')
      .filter((line) => line.includes('"configuration"'))
      .map((line) => JSON.parse(line));
    expect(warnings).toMatchObject([
      { level: 'warn', variable: 'RERANK_URL' },
      { level: 'warn', variable: 'CACHE_TTL' },
    ]);
    expect(process.stdout()).not.toContain('SECRET');
  });

  test('calls its upstream where it is though the route stands in its URL', async () => {
    const { url } = await start({ RERANK_URL: `${simulator.url}/v1/rerank/` });
    await bodyOf(await ask(url));
  });
});

test('a development process without any key or upstream answers who sends neither key nor type', async () => {
  gateway = runGateway({ NODE_ENV: 'development' });
  const url = await gateway.listening;
  const answer = await fetch(`${url}/v1/rerank`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: JSON.stringify(fresh()),
  });
  expect((await bodyOf(answer)).results).toHaveLength(3);
  expect(gateway.stdout()).toContain('simulator');
  expect(gateway.stdout()).toContain('lexical');
  gateway.kill('SIGTERM');
  expect((await gateway.exited).code).toBe(0);
});
