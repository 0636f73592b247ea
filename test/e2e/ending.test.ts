import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Simulator, startSimulator } from '../../src/simulator/server.ts';
import { freePort } from '../heroku/slug.ts';
import { KEYS, LIMITS, metric, UPSTREAM_KEY } from '../support/gateway.ts';
import { type GatewayProcess, runGateway } from '../support/process.ts';
import { program } from '../support/program.ts';
import { startRedis } from '../support/redis.ts';
import { fresh } from './requests.ts';

/** Lines enough to fill every buffer between the process and a reader that has stopped. */
const REQUESTS = 5000;
const AT_ONCE = 50;

const METRICS_TOKEN = 'metrics-token-SECRET-1';
const ENDED = { code: 0, signal: null };

let simulator: Simulator;
let gateway: GatewayProcess;

beforeEach(async () => {
  simulator = await startSimulator({ keys: { [UPSTREAM_KEY]: {} }, limits: LIMITS });
});
afterEach(async () => {
  await gateway[Symbol.asyncDispose]();
  await simulator.close();
});

const run = (env: Record<string, string> = {}): GatewayProcess => {
  gateway = runGateway({
    RERANK_URL: simulator.url,
    RERANK_KEY: UPSTREAM_KEY,
    GATEWAY_KEYS: `search:${KEYS.search}`,
    METRICS_TOKEN,
    ...env,
  });
  return gateway;
};

/** Requests that cost nothing but a line each. */
const chatter = async (url: string): Promise<void> => {
  for (let i = 0; i < REQUESTS; i += AT_ONCE) {
    const answers = await Promise.all(
      Array.from({ length: AT_ONCE }, () =>
        fetch(`${url}/v1/rerank`, {
          method: 'POST',
          headers: { 'x-request-id': 'x'.repeat(200) },
          body: '{}',
        }),
      ),
    );
    for (const answer of answers) {
      expect(answer.status).toBe(401);
      await answer.text();
    }
  }
};

const dropped = async (url: string): Promise<number> => {
  const answer = await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${METRICS_TOKEN}` } });
  return metric(await answer.text(), 'gateway_log_lines_dropped_total');
};

describe('a process whose log nobody reads', () => {
  test.each(['stuck', 'gone'] as const)(
    'goes on answering, counts what is lost, and ends (%s)',
    async (how) => {
      const url = await run().listening;
      expect(await dropped(url)).toBe(0);
      gateway.stopReading(how);
      await chatter(url);
      expect(await dropped(url)).toBeGreaterThan(0);
      gateway.kill('SIGTERM');
      expect(await gateway.exited).toEqual(ENDED);
    },
  );

  test('says nothing at all at level silent, and ends', async () => {
    const port = await freePort();
    gateway = run({ LOG_LEVEL: 'silent', NODE_ENV: 'development', PORT: String(port) });
    // It does not say where it listens, either.
    const answers = () =>
      fetch(`http://127.0.0.1:${port}/healthz`).then(
        ({ ok }) => ok,
        () => false,
      );
    await expect.poll(answers, { timeout: 20_000 }).toBe(true);
    gateway.kill('SIGINT');
    expect([await gateway.exited, gateway.stdout(), gateway.stderr()]).toEqual([ENDED, '', '']);
  });
});

test('a process at a terminal that is held up goes on answering, and ends with the terminal', async () => {
  const command = [process.execPath, ...program()].map((word) => `"${word}"`).join(' ');
  const env = {
    ...{ PATH: process.env.PATH ?? '', NODE_ENV: 'development', SHELL: '/bin/sh' },
    GATEWAY_KEYS: `search:${KEYS.search}`,
  };
  gateway = runGateway(env, ['script', '-qec', command, '/dev/null']);
  const url = await gateway.listening;
  gateway.kill('SIGSTOP');
  for (let i = 0; i < 100; i++) {
    expect((await fetch(`${url}/v1/rerank`, { method: 'POST', body: '{}' })).status).toBe(401);
  }
  gateway.kill('SIGKILL');
  await expect.poll(() => fetch(`${url}/healthz`).catch(() => 'gone'), { timeout: 20_000 }).toBe('gone');
});

test('a process with an error that nobody has caught ends with 1, and its message is not shown', async () => {
  const thrower = 'process.on("SIGUSR2", () => { throw new Error("SEC" + "RET"); })';
  const flags = ['--import', `data:text/javascript,${encodeURIComponent(thrower)}`];
  gateway = runGateway({ NODE_ENV: 'development' }, [process.execPath, ...flags, ...program()]);
  await gateway.listening;
  gateway.kill('SIGUSR2');
  expect((await gateway.exited).code).toBe(1);
  expect(gateway.stdout()).toContain('"level":"fatal"');
  expect(gateway.stdout()).toContain('unforeseen error');
  expect(gateway.stdout() + gateway.stderr()).not.toContain('SECRET');
});

describe('a process with a Redis that never answers', () => {
  const sockets = new Set<Socket>();
  let silent: Server;
  let connected: Promise<unknown>;
  let url: string;
  beforeEach(async () => {
    silent = createServer((socket) => {
      sockets.add(socket.on('error', () => {}));
    }).listen(0, '127.0.0.1');
    connected = once(silent, 'connection');
    await once(silent, 'listening');
    url = `redis://127.0.0.1:${(silent.address() as { port: number }).port}`;
  });
  afterEach(() => {
    for (const socket of sockets) socket.destroy();
    silent.close();
  });

  test('ends on SIGTERM before it listens', async () => {
    run({ REDIS_URL: url });
    await connected;
    gateway.kill('SIGTERM');
    expect(await gateway.exited).toEqual(ENDED);
    expect(gateway.stdout()).not.toContain('"listening"');
  });

  test('listens all the same, and ends on SIGTERM', async () => {
    await run({ REDIS_URL: url }).listening;
    gateway.kill('SIGTERM');
    expect(await gateway.exited).toEqual(ENDED);
  });
});

test('a process ends though its Redis has frozen', async () => {
  await using redis = await startRedis();
  const url = await run({ REDIS_URL: redis.url }).listening;
  await fetch(`${url}/v1/rerank`, {
    method: 'POST',
    headers: { authorization: `Bearer ${KEYS.search}` },
    body: JSON.stringify(fresh()),
  });
  redis.freeze();
  gateway.kill('SIGTERM');
  expect(await gateway.exited).toEqual(ENDED);
});

test('npm run dev hands signals on', async () => {
  gateway = runGateway({ PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '/', PORT: '0' }, [
    'npm',
    'run',
    'dev',
  ]);
  const url = await gateway.listening;
  gateway.kill('SIGTERM');
  await gateway.exited;
  expect(gateway.stdout()).toContain('"drained"');
  await expect(fetch(`${url}/healthz`)).rejects.toThrow();
});
