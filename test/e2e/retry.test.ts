import { afterEach, describe, expect, test } from 'vitest';
import type { Fault } from '../../src/simulator/server.ts';
import { COHERE, metric, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { bodyOf, expectError, fresh, RATE_LIMITED, serverError } from './requests.ts';

let gateway: TestGateway;

const start = async (env: Record<string, string> = {}): Promise<void> => {
  gateway = await startTestGateway({ env });
};

afterEach(() => gateway.stop());

/** More than any number of attempts. */
const ALWAYS = 10_000;

const status = (code: number, more: { message?: string; retryAfter?: string } = {}): Fault => ({
  kind: 'status',
  status: code,
  ...more,
});

const retries = async (reason: string): Promise<number> =>
  metric(await gateway.metrics(), 'gateway_upstream_retries_total', { model: COHERE, reason });

describe('a failure that passes is not the caller’s business:', () => {
  test.each<[string, Fault, number, string]>([
    ['two 500s', status(500), 2, 'failed'],
    ['a 503', status(503), 1, 'failed'],
    ['a reset', { kind: 'reset' }, 1, 'failed'],
    ['an answer that breaks off', { kind: 'reset-midway' }, 1, 'failed'],
  ])('%s', async (_, fault, times, reason) => {
    await start();
    expect(await retries(reason)).toBe(0);
    gateway.simulator.fault(fault, times);
    const { meta } = await bodyOf(await gateway.rerank(fresh()));
    expect(meta.billed_units.search_units).toBe(1);
    expect(gateway.simulator.calls).toHaveLength(times + 1);
    expect(await retries(reason)).toBe(times);
    // Each attempt has taken a slot of its own.
    const held = metric(await gateway.metrics(), 'gateway_ratelimit_used_requests', { model: COHERE });
    expect(held).toBe(times + 1);
  });

  test('a 429, when what the upstream asks for fits into the caller’s patience', async () => {
    await start();
    gateway.simulator.fault(status(429, { retryAfter: '1' }));
    await bodyOf(await gateway.rerank(fresh()));
    const [first, second] = gateway.simulator.calls;
    // The upstream is left alone for as long as it says; timers may fire a little early.
    expect(second!.at - first!.finishedAt!).toBeGreaterThan(990);
    expect(gateway.simulator.calls).toHaveLength(2);
    expect(await retries('throttled')).toBe(1);
  });

  test('a call that hangs, when patience is left for another', async () => {
    await start({ MAX_WAIT_MS: '4000' });
    gateway.simulator.fault({ kind: 'hang' });
    await bodyOf(await gateway.rerank(fresh()));
    expect(gateway.simulator.calls).toHaveLength(2);
    expect(await retries('timeout')).toBe(1);
  });

  test('and all who wait for the same thing get the one answer', async () => {
    await start();
    gateway.simulator.fault(status(500), 2);
    const request = fresh();
    const answers = await Promise.all(Array.from({ length: 10 }, () => gateway.rerank(request)));
    const bodies = await Promise.all(answers.map(bodyOf));
    const units = bodies.map(({ meta }) => meta.billed_units.search_units);
    expect(units.reduce((sum, n) => sum + n)).toBe(1);
    expect(gateway.simulator.calls).toHaveLength(3);
  });
});

describe('what another attempt would not change is told at once:', () => {
  test.each<[string, Fault, number]>([
    ['a 400', status(400), 400],
    ['a 422', status(422), 422],
    ['a 401', status(401), 502],
    ['a 403', status(403), 403],
    ['a 404', status(404), 502],
    ['a 200 that is no answer, and is billed', { kind: 'garbage' }, 502],
  ])('%s', async (_, fault, expected) => {
    await start();
    gateway.simulator.fault(fault, ALWAYS);
    expect((await gateway.rerank(fresh())).status).toBe(expected);
    expect(gateway.simulator.calls).toHaveLength(1);
  });

  test('a 429 that asks for more patience than there is, with what it asks for', async () => {
    await start();
    gateway.simulator.fault(status(429, { retryAfter: '40' }), ALWAYS);
    const answer = await gateway.rerank(fresh());
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(40);
    await expectError(answer, RATE_LIMITED, gateway);
    expect(gateway.simulator.calls).toHaveLength(1);
  });
});

describe('an upstream that goes on failing', () => {
  test('costs a request three calls', async () => {
    await start();
    gateway.simulator.fault(status(500), ALWAYS);
    await expectError(await gateway.rerank(fresh()), serverError(502), gateway);
    expect(gateway.simulator.calls).toHaveLength(3);
    expect(await retries('failed')).toBe(2);
  });

  test('is left alone: requests fail fast with 503 until a call gets through again', async () => {
    await start();
    const circuit = async (): Promise<number> => metric(await gateway.metrics(), 'gateway_circuit_open');
    const limit = async (): Promise<unknown> => {
      const answer = await fetch(`${gateway.url}/v1/models`, {
        headers: { authorization: 'Bearer search-key-SECRET-0001' },
      });
      const { data } = (await answer.json()) as { data: { id: string; limit: number }[] };
      return data.find(({ id }) => id === COHERE)!.limit;
    };
    expect([await circuit(), await limit()]).toEqual([0, 250]);
    gateway.simulator.fault(status(500), ALWAYS);
    let answer = await gateway.rerank(fresh());
    while (answer.status === 502) answer = await gateway.rerank(fresh());
    const calls = gateway.simulator.calls.length;
    await expectError(answer, serverError(503), gateway);
    expect([await circuit(), await limit()]).toEqual([1, 0]);
    // A second must pass before one of them may try.
    const refused = await Promise.all(Array.from({ length: 20 }, () => gateway.rerank(fresh())));
    expect(refused.filter(({ status }) => status === 503).length).toBeGreaterThanOrEqual(19);
    expect(gateway.simulator.calls.length - calls).toBeLessThanOrEqual(1);
    expect((await fetch(`${gateway.url}/readyz`)).status).toBe(200);

    gateway.simulator.clearFaults();
    do answer = await gateway.rerank(fresh());
    while (answer.status === 503 && (await new Promise((resolve) => setTimeout(resolve, 50, true))));
    expect(answer.status).toBe(200);
    expect([await circuit(), await limit()]).toEqual([0, 250]);
    expect((await gateway.rerank(fresh())).status).toBe(200);
    const levels = gateway.log
      .filter((line) => line.includes('"upstream":"RERANK"'))
      .map((line) => (JSON.parse(line) as { level: string }).level);
    // Loud once, and once more when it is over.
    expect(levels).toEqual(['error', 'warn']);
  });

  test('is not called failing for what its callers do not wait for', async () => {
    await start();
    // The first answer tells how much room there is.
    await bodyOf(await gateway.rerank(fresh()));
    gateway.simulator.fault({ kind: 'hang' }, ALWAYS);
    const headers = { prefer: 'wait=1' };
    for (let i = 0; i < 4; i++) {
      const inAHurry = Array.from({ length: 10 }, () => gateway.rerank(fresh(), { headers }));
      expect((await Promise.all(inAHurry)).map(({ status }) => status)).toEqual(inAHurry.map(() => 504));
    }
    gateway.simulator.clearFaults();
    expect((await gateway.rerank(fresh())).status).toBe(200);
  });

  test('lets stale scores stand in when it is left alone, too', async () => {
    await start({ CACHE_TTL_SECONDS: '1' });
    const request = fresh();
    await bodyOf(await gateway.rerank(request));
    gateway.simulator.fault(status(500), ALWAYS);
    while ((await gateway.rerank(fresh())).status === 502);
    const stale = await gateway.rerank(request);
    expect([stale.status, stale.headers.get('cache-status')]).toEqual([
      200,
      'rerank-gateway; hit; fwd=stale; detail=memory',
    ]);
  });
});
