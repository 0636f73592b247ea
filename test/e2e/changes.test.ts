import { afterEach, expect, test } from 'vitest';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';
import { startRedis } from '../support/redis.ts';
import { bodyOf, fresh } from './requests.ts';

let gateway: TestGateway;
afterEach(() => gateway.stop());

/** What the log says by these lines, in their order. */
const told = (...messages: string[]) =>
  gateway.log
    .map((line) => JSON.parse(line) as Record<string, unknown> & { msg: string })
    .filter(({ msg }) => messages.includes(msg));

/** Asks until the log says something, as callers would. */
const askUntilTold = async (message: string): Promise<void> => {
  await expect
    .poll(
      async () => {
        await (await gateway.rerank(fresh(), { headers: { prefer: 'wait=1' } })).text();
        return told(message).length;
      },
      { timeout: 25_000, interval: 20 },
    )
    .toBeGreaterThan(0);
};

test.each([
  ['refuses calls by a status', { kind: 'status', status: 500 } as const, /^500$/],
  ['breaks connections', { kind: 'reset' } as const, /^(UND_ERR_SOCKET|ECONNRESET)$/],
])('an upstream that %s is told once, with its cause, and once when it is back', async (_, fault, cause) => {
  gateway = await startTestGateway();
  gateway.simulator.fault(fault, 1_000_000);
  await askUntilTold('upstream is left alone');
  gateway.simulator.clearFaults();
  await askUntilTold('upstream is back');
  const lines = told('upstream is left alone', 'upstream is back');
  expect(lines).toHaveLength(2);
  expect(lines[0]).toMatchObject({ level: 'error', upstream: 'RERANK', reason: 'failed' });
  expect(lines[0]!.cause).toMatch(cause);
  expect(lines[1]).toMatchObject({ level: 'warn', upstream: 'RERANK' });
});

test('a Redis that is lost and comes back is told by its state, and so is what becomes of the limit', async () => {
  await using redis = await startRedis();
  gateway = await startTestGateway({ env: { REDIS_URL: redis.url, RATE_WINDOW_MS: '1000' } });
  await bodyOf(await gateway.rerank(fresh()));
  const stateOf = (msg: string) => told(msg).at(-1)?.state;
  await redis.kill();
  await expect
    .poll(() => [stateOf('redis'), stateOf('pacing')], { timeout: 20_000 })
    .toEqual(['outage', 'alone']);
  expect(told('redis').at(-1)).toMatchObject({ level: 'warn', code: expect.any(String) });
  expect(told('pacing').at(-1)).toMatchObject({ level: 'warn', reason: 'outage', code: expect.any(String) });
  await redis.start();
  await expect
    .poll(() => [stateOf('redis'), stateOf('pacing')], { timeout: 20_000 })
    .toEqual(['up', 'shared']);
});
