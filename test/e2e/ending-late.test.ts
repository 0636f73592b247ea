import { once } from 'node:events';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Simulator, startSimulator } from '../../src/simulator/server.ts';
import { KEYS, LIMITS, UPSTREAM_KEY } from '../support/gateway.ts';
import { type GatewayProcess, runGateway } from '../support/process.ts';
import { openRaw, requestHead } from '../support/raw-http.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { fresh } from './requests.ts';

/** Heroku kills what is still there 30 s after SIGTERM. */
const KILLED_MS = 30_000;
const PATIENCE_MS = 90_000;

let simulator: Simulator;
let redis: TestRedis;
let gateway: GatewayProcess;
beforeEach(async () => {
  redis = await startRedis();
  simulator = await startSimulator({
    keys: { [UPSTREAM_KEY]: {} },
    limits: LIMITS,
    latencyMs: [PATIENCE_MS, PATIENCE_MS],
  });
});
afterEach(async () => {
  await gateway[Symbol.asyncDispose]();
  await simulator.close();
  await redis.kill();
});

test(
  'a process ends before it is killed, with 0 and an answer to whoever waits, when everything hangs at once',
  async () => {
    gateway = runGateway({
      RERANK_URL: simulator.url,
      RERANK_KEY: UPSTREAM_KEY,
      GATEWAY_KEYS: `search:${KEYS.search}`,
      REDIS_URL: redis.url,
      // Not before the end of the drain.
      MAX_WAIT_MS: '29000',
    });
    const url = await gateway.listening;
    const authorization = `Bearer ${KEYS.search}`;
    const waiting = fetch(`${url}/v1/rerank`, {
      method: 'POST',
      headers: { authorization },
      body: JSON.stringify(fresh()),
    });
    await expect.poll(() => simulator.calls.length).toBe(1);
    const slow = await openRaw(url);
    await slow.write(requestHead({ authorization, 'content-length': '1000' }));

    redis.freeze();
    gateway.stopReading('stuck');
    gateway.kill('SIGTERM');
    const killed = setTimeout(() => gateway.kill('SIGKILL'), KILLED_MS);
    const { status, headers } = await waiting;
    expect([status, headers.get('connection')]).toEqual([503, 'close']);
    expect(await gateway.exited).toEqual({ code: 0, signal: null });
    clearTimeout(killed);
    if (!slow.socket.closed) await once(slow.socket.destroy(), 'close');
  },
  PATIENCE_MS,
);
