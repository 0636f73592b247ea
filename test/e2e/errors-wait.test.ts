import { afterEach, describe, expect, test } from 'vitest';
import { COHERE, metric, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { expectError, fresh, RATE_LIMITED } from './requests.ts';

let gateway: TestGateway;

afterEach(() => gateway.stop());

const until = async (condition: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 10));
};

const queued = async (): Promise<number> => metric(await gateway.metrics(), 'gateway_queue_depth');

describe('a wait longer than the caller will wait', () => {
  test('is a 429 at once, and Retry-After says truly when the same patience is enough', async () => {
    const windowMs = 12_000;
    gateway = await startTestGateway({
      env: { MODEL_LIMITS: `${COHERE}=1`, RATE_WINDOW_MS: String(windowMs) },
    });
    expect((await gateway.rerank(fresh())).status).toBe(200);
    const freeAt = performance.now() + windowMs;

    const waits = new Set<number>();
    const refused = fresh();
    for (let i = 0; i < 30; i++) {
      const asked = performance.now();
      const answer = await gateway.rerank(refused, { headers: { prefer: 'wait=4' } });
      expect(performance.now() - asked).toBeLessThan(3000);
      const seconds = Number(answer.headers.get('retry-after'));
      await expectError(answer, RATE_LIMITED, gateway);
      // Neither too early, with a second's leeway for the call's own duration, nor far too late.
      const earliest = (freeAt - 4000 - asked) / 1000;
      expect(seconds).toBeGreaterThanOrEqual(Math.floor(earliest) - 1);
      expect(seconds).toBeLessThanOrEqual(earliest * 1.2 + 2);
      waits.add(seconds);
    }
    // Spread: clients that were refused together do not come back together.
    expect(waits.size).toBeGreaterThan(1);
    expect(gateway.simulator.calls).toHaveLength(1);
    const text = await gateway.metrics();
    expect(metric(text, 'gateway_rejections_total', { client: 'search', reason: 'wait_too_long' })).toBe(30);

    // That place is kept: somebody else is told the next one.
    const other = await gateway.rerank(fresh(), { headers: { prefer: 'wait=4' } });
    expect(Number(other.headers.get('retry-after'))).toBeGreaterThanOrEqual(windowMs / 1000);
  });

  test('is never told as a Retry-After of a minute and more', async () => {
    gateway = await startTestGateway({
      env: { MODEL_LIMITS: `${COHERE}=1`, RATE_WINDOW_MS: '3600000' },
    });
    expect((await gateway.rerank(fresh())).status).toBe(200);
    const answer = await gateway.rerank(fresh());
    expect(answer.headers.get('retry-after')).toBe('59');
    await expectError(answer, RATE_LIMITED, gateway);
  });

  test('is no matter to what the cache knows', async () => {
    gateway = await startTestGateway({
      env: { MODEL_LIMITS: `${COHERE}=1`, RATE_WINDOW_MS: '3600000' },
    });
    const request = fresh();
    expect((await gateway.rerank(request)).status).toBe(200);
    expect((await gateway.rerank(fresh())).status).toBe(429);
    const answer = await gateway.rerank(request, { headers: { prefer: 'wait=0' } });
    expect(answer.headers.get('cache-status')).toBe('rerank-gateway; hit; detail=memory');
  });
});

describe('MAX_QUEUE', () => {
  test('bounds the calls that wait: one more is refused with 429', async () => {
    gateway = await startTestGateway({
      env: { MODEL_LIMITS: `${COHERE}=1`, RATE_WINDOW_MS: '3000', MAX_QUEUE: '2' },
    });
    gateway.simulator.fault({ kind: 'hang' });
    const leave = new AbortController();
    const ask = () => gateway.rerank(fresh(), { signal: leave.signal }).catch(() => undefined);
    const waiting = [ask()];
    await until(() => gateway.simulator.calls.length === 1);
    waiting.push(ask(), ask());
    await until(async () => (await queued()) === 2);
    await expectError(await gateway.rerank(fresh()), RATE_LIMITED, gateway);
    expect(metric(await gateway.metrics(), 'gateway_rejections_total', { reason: 'queue_full' })).toBe(1);
    leave.abort();
    await Promise.all(waiting);
  });

  test('is no bound on a burst that the window has room for', async () => {
    gateway = await startTestGateway({ env: { MAX_QUEUE: '1' } });
    // A gateway that has just started asks once before it trusts the room it sees.
    expect((await gateway.rerank(fresh())).status).toBe(200);
    const burst = () => Promise.all(Array.from({ length: 60 }, () => gateway.rerank(fresh())));
    // The second comes over connections that are open by then, hence all at the same moment.
    for (const answers of [await burst(), await burst()]) {
      expect(answers.filter(({ status }) => status !== 200)).toHaveLength(0);
    }
  });
});
