/** A whole gateway in front of an upstream of which a tenth of all answers go wrong, in each of the ways that we know of. */

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { PROFILE_NAMES, type Profile } from '../../src/simulator/unkind.ts';
import { fresh } from '../e2e/requests.ts';
import { metric, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { program } from '../support/program.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const REQUESTS = 120;

let gateway: TestGateway;
let kind: TestGateway;
afterEach(async () => {
  await gateway.stop();
  await kind.stop();
});

describe('every request is answered rightly, or refused in the words of the table, in front of an upstream of', () => {
  test.each(PROFILE_NAMES)('%s', async (name) => {
    kind = await startTestGateway({ env: { VERIFY_RATE: '0' } });
    gateway = await startTestGateway({
      env: { VERIFY_RATE: '0', MAX_WAIT_MS: '4000', MAX_QUEUE: '50' },
      simulator: { unkind: name as Profile, seed: 7 },
    });
    let answered = 0;
    const ask = async (): Promise<void> => {
      const request = fresh();
      const answer = await gateway.rerank(request);
      const body = (await answer.json()) as { results?: unknown; error?: { code: number } };
      if (answer.status === 200) {
        answered++;
        const truth = (await (await kind.rerank(request)).json()) as { results: unknown };
        expect(body.results).toEqual(truth.results);
      } else {
        expect([429, 502, 503, 504]).toContain(answer.status);
        expect(body.error?.code).toBe(answer.status);
      }
    };
    for (let i = 0; i < REQUESTS; i += 20) await Promise.all(Array.from({ length: 20 }, ask));
    // Nearly all attempts that are made again succeed, unless it wants to be left alone.
    expect(answered).toBeGreaterThan(name === 'throttle' || name === 'all' ? 0 : REQUESTS / 2);
    const metrics = await gateway.metrics();
    expect(metric(metrics, 'gateway_requests_total')).toBe(REQUESTS);
    expect(metric(metrics, 'gateway_requests_total', { outcome: 'error', code: '500' })).toBe(0);
  });
});

test('the command line names a profile that there is, and only for the built-in simulator', async () => {
  kind = await startTestGateway();
  gateway = await startTestGateway();
  const run = (args: readonly string[], env: Record<string, string> = {}) =>
    spawnSync(process.execPath, [...program(), ...args], {
      cwd: ROOT,
      env: { PATH: process.env.PATH, NODE_ENV: 'development', ...env },
      encoding: 'utf8',
      timeout: 20_000,
    });
  for (const args of [['--unkind', 'nonsense'], ['--kind']]) {
    const { status, stderr } = run(args);
    expect(status).toBe(2);
    expect(stderr).toContain('--unkind [errors');
  }
  const real = {
    RERANK_URL: gateway.simulator.url,
    RERANK_KEY: 'upstream-key-SECRET',
    GATEWAY_KEYS: 'search-key-SECRET-0001',
  };
  expect(run(['--unkind'], real).status).toBe(2);
});
