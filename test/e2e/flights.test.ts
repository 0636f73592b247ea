import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { COHERE, metric, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { bodyOf, fresh } from './requests.ts';

let redis: TestRedis;
let gateway: TestGateway;

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.kill());

const start = async (env: Record<string, string> = {}): Promise<void> => {
  // The calls of one test would take the places of the next.
  await redis.flush();
  // Nothing is asked but what somebody waits for.
  gateway = await startTestGateway({ env: { REDIS_URL: redis.url, VERIFY_RATE: '0', ...env } });
  await until(async () => metric(await gateway.metrics(), 'gateway_redis_up') === 1);
};
afterEach(() => gateway.stop());

/** A first call, after which the gateway knows what the upstream counts, and nobody has to wait for that. */
const warmUp = async (): Promise<unknown> => bodyOf(await gateway.rerank(fresh()));

const until = async (condition: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5));
};

const inFlight = async (): Promise<number> => metric(await gateway.metrics(), 'gateway_requests_in_flight');

/** A request that its caller may leave at any time. */
const leavable = (request: unknown) => {
  const controller = new AbortController();
  const answer = gateway.rerank(request, { signal: controller.signal }).then(
    ({ status }) => status,
    () => 'left',
  );
  return { answer, leave: () => controller.abort() };
};

describe('many who ask the same at the same time', () => {
  beforeEach(() => start());

  test.each([COHERE, 'amazon-rerank-1-0'])(
    'cost one call, one use of Redis at each step, and one bill (%s)',
    async (model) => {
      gateway.simulator.latency([50, 50]);
      /** Uses of the cache in Redis, by what for. */
      const uses = async (op: string): Promise<number> =>
        metric(await gateway.metrics(), 'gateway_redis_command_duration_seconds_count', { op });
      // The window has been running by then.
      await gateway.rerank(fresh({ model }));
      await until(async () => (await uses('write')) > 0);
      const ops = ['read', 'claim', 'write'];
      const before = await Promise.all(ops.map(uses));
      const request = fresh({ model });
      const answers = await Promise.all(
        Array.from({ length: 200 }, async () => bodyOf(await gateway.rerank(request))),
      );
      expect(gateway.simulator.calls).toHaveLength(2);
      await until(async () => (await uses('write')) > before[2]!);
      // A look that claims, and the writing: who had a permit at once does not look again.
      const after = await Promise.all(ops.map(uses));
      expect(after.map((count, i) => count - before[i]!)).toEqual([1, 0, 1]);
      expect(answers.reduce((sum, { meta }) => sum + meta.billed_units.search_units, 0)).toBe(1);
      for (const { results } of answers) expect(results).toEqual(answers[0]!.results);
      expect(new Set(answers.map(({ id }) => id)).size).toBe(200);
    },
  );

  test('cost one call however differently they put it', async () => {
    gateway.simulator.latency([50, 50]);
    const { query } = fresh();
    const variants = [
      ['a', 'b', 'c'],
      ['c', 'b', 'a'],
      ['b', 'a', 'a', 'c', 'b'],
      [{ text: 'c' }, 'a', 'b'],
    ];
    await Promise.all(
      variants.map(async (documents, i) =>
        bodyOf(
          await gateway.rerank(fresh({ query, documents, top_n: i + 1, return_documents: i % 2 === 0 })),
        ),
      ),
    );
    expect(gateway.simulator.calls).toHaveLength(1);
  });

  test('do not share with those who ask something else', async () => {
    gateway.simulator.latency([50, 50]);
    const requests = Array.from({ length: 10 }, () => fresh());
    await Promise.all(
      [...requests, ...requests].map(async (request) => bodyOf(await gateway.rerank(request))),
    );
    expect(gateway.simulator.calls).toHaveLength(10);
  });

  test('each get an error when the call fails, and the next one asks anew', async () => {
    await warmUp();
    gateway.simulator.latency([50, 50]);
    gateway.simulator.fault({ kind: 'status', status: 500 }, 100);
    const request = fresh();
    const headers = { prefer: 'wait=1' };
    const answers = await Promise.all([1, 2, 3].map(() => gateway.rerank(request, { headers })));
    expect(answers.map(({ status }) => status)).toEqual([502, 502, 502]);
    gateway.simulator.clearFaults();
    const calls = gateway.simulator.calls.length;
    await bodyOf(await gateway.rerank(request));
    expect(gateway.simulator.calls).toHaveLength(calls + 1);
  });
});

describe('a caller who leaves', () => {
  beforeEach(() => start());

  test('does not disturb the others, though he came first', async () => {
    // Long enough for all of them to have joined, on a busy machine too.
    gateway.simulator.latency([2000, 2000]);
    const request = fresh();
    const leader = leavable(request);
    await until(() => gateway.simulator.calls.length === 1);
    const followers = Array.from({ length: 5 }, async () => bodyOf(await gateway.rerank(request)));
    await until(async () => (await inFlight()) === 6);
    leader.leave();
    expect(await leader.answer).toBe('left');
    await until(async () => (await inFlight()) === 5);
    const answers = await Promise.all(followers);
    expect(gateway.simulator.calls).toHaveLength(1);
    expect(gateway.simulator.calls[0]!.aborted).toBe(false);
    expect(answers.reduce((sum, { meta }) => sum + meta.billed_units.search_units, 0)).toBe(1);
  });

  test('as the last one takes the call along, and the next one asks anew', async () => {
    gateway.simulator.fault({ kind: 'hang' });
    const request = fresh();
    const callers = [leavable(request), leavable(request), leavable(request)];
    await until(async () => gateway.simulator.calls.length === 1 && (await inFlight()) === 3);
    callers[0]!.leave();
    callers[1]!.leave();
    await until(async () => (await inFlight()) === 1);
    expect(gateway.simulator.calls[0]!.aborted).toBe(false);
    callers[2]!.leave();
    await until(() => gateway.simulator.calls[0]!.aborted);
    const { meta } = await bodyOf(await gateway.rerank(request));
    expect(meta.billed_units.search_units).toBe(1);
    expect(gateway.simulator.calls).toHaveLength(2);
  });

  test('is counted once, as the client who is gone', async () => {
    gateway.simulator.fault({ kind: 'hang' });
    const caller = leavable(fresh());
    await until(() => gateway.simulator.calls.length === 1);
    caller.leave();
    await until(async () => metric(await gateway.metrics(), 'gateway_requests_total', { code: '499' }) === 1);
    expect(metric(await gateway.metrics(), 'gateway_requests_total')).toBe(1);
  });
});

describe('a patience shorter than the call', () => {
  beforeEach(() => start());

  test('ends one wait, not that of the others', async () => {
    await warmUp();
    gateway.simulator.latency([1300, 1300]);
    const request = fresh();
    const [impatient, patient] = await Promise.all([
      gateway.rerank(request, { headers: { prefer: 'wait=1' } }),
      gateway.rerank(request),
    ]);
    expect([impatient.status, patient.status]).toEqual([504, 200]);
    expect(gateway.simulator.calls).toHaveLength(2);
  });
});

test('no slot is spent on who has left the queue', async () => {
  await start({ MODEL_LIMITS: `${COHERE}=1`, RATE_WINDOW_MS: '300' });
  const waiting = async (): Promise<number> => metric(await gateway.metrics(), 'gateway_queue_depth');
  // Holds the only place of the window for as long as we like.
  gateway.simulator.fault({ kind: 'hang' });
  const holding = leavable(fresh());
  await until(() => gateway.simulator.calls.length === 1);
  const leaving = Array.from({ length: 10 }, () => leavable(fresh()));
  await until(async () => (await waiting()) === 10);
  const staying = gateway.rerank(fresh());
  await until(async () => (await waiting()) === 11);
  for (const { leave } of leaving) leave();
  await until(async () => (await waiting()) === 1);
  holding.leave();
  await bodyOf(await staying);
  // The very next call after the one that held the place.
  expect(gateway.simulator.calls).toHaveLength(2);
  expect(metric(await gateway.metrics(), 'gateway_requests_total', { code: '499' })).toBe(11);
});
