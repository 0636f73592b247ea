import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Fault, type Simulator, startSimulator } from '../../src/simulator/server.ts';
import {
  AMAZON,
  COHERE,
  metric,
  startTestGateway,
  type TestGateway,
  UPSTREAM_KEY,
} from '../support/gateway.ts';
import { mostInAnyWindow } from '../support/sliding.ts';
import { bodyOf, fresh } from './requests.ts';

const EU_KEY = 'upstream-key-SECRET-EU';

/** Room for all that the tests here send: they are not about waiting, but for the last one. */
const ROOM = { [COHERE]: 100_000, [AMAZON]: 100_000 };

let eu: Simulator;
let gateway: TestGateway;

beforeEach(async () => {
  eu = await startSimulator({ keys: { [EU_KEY]: {} }, limits: ROOM });
});
afterEach(async () => {
  await gateway.stop();
  await eu.close();
});

const start = async (env: Record<string, string> = {}): Promise<void> => {
  gateway = await startTestGateway({
    env: {
      UPSTREAMS: 'RERANK,RERANK_EU',
      RERANK_EU_URL: eu.url,
      RERANK_EU_KEY: EU_KEY,
      MODEL_LIMITS: Object.entries(ROOM)
        .map(([model, limit]) => `${model}=${limit}`)
        .join(','),
      ...env,
    },
    simulator: { limits: ROOM },
  });
};

const ALWAYS = 10_000;

/** Between two requests of a caller: time passes, and the machine has other things to do. Milliseconds. */
const BREATH_MS = 10;

/** Statuses of requests made by some callers at a time, until `enough`. */
const traffic = async (enough: () => boolean, callers = 4): Promise<number[]> => {
  const statuses: number[] = [];
  const caller = async (): Promise<void> => {
    while (!enough()) {
      const answer = await gateway.rerank(fresh());
      await answer.arrayBuffer();
      statuses.push(answer.status);
      await new Promise((resolve) => setTimeout(resolve, BREATH_MS));
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  return statuses;
};

const requests = (count: number, model = COHERE): Promise<Response[]> =>
  Promise.all(Array.from({ length: count }, () => gateway.rerank(fresh({ model }))));

const open = async (upstream: string): Promise<number> =>
  metric(await gateway.metrics(), 'gateway_circuit_open', { upstream });

const complaints = (): string[] => gateway.log.filter((line) => line.includes('"level":"error"'));

describe('while one attachment is well, no request fails because of another', () => {
  test('that goes down, and comes back', async () => {
    await start();
    const port = Number(new URL(eu.url).port);
    const ok = new Set([200]);
    expect(new Set(await traffic(() => eu.calls.length > 5))).toEqual(ok);
    let asked = 0;
    const goingDown = traffic(() => ++asked > 200);
    await eu.close();
    expect(new Set(await goingDown)).toEqual(ok);
    eu = await startSimulator({ port, keys: { [EU_KEY]: {} }, limits: ROOM });
    expect(new Set(await traffic(() => eu.calls.length > 5))).toEqual(ok);
    expect(await open('RERANK_EU')).toBe(0);
  });

  test.each<[string, Fault]>([
    ['that fails', { kind: 'status', status: 500 }],
    ['that breaks connections', { kind: 'reset' }],
    ['that answers with nonsense', { kind: 'garbage' }],
    ['whose base URL is wrong', { kind: 'status', status: 404 }],
    ['that throttles us', { kind: 'status', status: 429, retryAfter: '50' }],
    ['that refuses our key', { kind: 'status', status: 401 }],
    ['that refuses the model', { kind: 'status', status: 403 }],
  ])('%s', async (_, fault) => {
    await start();
    eu.fault(fault, ALWAYS);
    expect((await requests(60)).map(({ status }) => status)).toEqual(Array.from({ length: 60 }, () => 200));
    expect(eu.calls.length).toBeGreaterThan(0);
  });

  test('that hangs, for whoever waits a while', async () => {
    await start();
    // The first answers tell how much room there is; then as many calls go there as here.
    while (eu.calls.length === 0) await requests(2);
    eu.fault({ kind: 'hang' }, ALWAYS);
    const before = eu.calls.length;
    const asked: Promise<Response>[] = [];
    // One after the other: of calls that come at once, one attachment may get all.
    while (eu.calls.length < before + 2 && asked.length < 100) {
      asked.push(gateway.rerank(fresh(), { headers: { prefer: 'wait=5' } }));
      await new Promise((resolve) => setTimeout(resolve, BREATH_MS));
    }
    const answers = await Promise.all(asked);
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect(eu.calls.filter(({ status }) => status === undefined).length).toBeGreaterThan(1);
  });
});

describe('an attachment', () => {
  test('that keeps failing is left alone, loudly, and is tried again', async () => {
    await start();
    const { simulator } = gateway;
    simulator.fault({ kind: 'status', status: 500 }, ALWAYS);
    let opened = false;
    const watch = (async () => {
      while ((await open('RERANK')) === 0) await new Promise((resolve) => setTimeout(resolve, 50));
      opened = true;
    })();
    expect(new Set(await traffic(() => opened))).toEqual(new Set([200]));
    await watch;
    expect(await open('RERANK_EU')).toBe(0);
    expect(complaints()).toHaveLength(1);
    expect(complaints()[0]).toContain('"upstream":"RERANK"');
    expect(gateway.log.join()).not.toContain(UPSTREAM_KEY);

    simulator.clearFaults();
    const calls = simulator.calls.length;
    expect(new Set(await traffic(() => simulator.calls.length > calls + 5))).toEqual(new Set([200]));
    expect(await open('RERANK')).toBe(0);
  });

  test('that refuses our key costs next to no calls, and says so once', async () => {
    await start({ RERANK_EU_KEY: 'a-wrong-key-SECRET' });
    for (let i = 0; i < 10; i++) {
      for (const model of [COHERE, AMAZON]) {
        expect((await requests(2, model)).map(({ status }) => status)).toEqual([200, 200]);
      }
    }
    expect(eu.calls.length).toBeLessThan(10);
    expect(eu.calls.every(({ status }) => status === 401)).toBe(true);
    expect(await open('RERANK_EU')).toBe(1);
    expect(complaints()).toHaveLength(1);
    const text = await gateway.metrics();
    const refused = metric(text, 'gateway_upstream_retries_total', { reason: 'refused' });
    expect(refused).toBe(eu.calls.length);
  });

  test('that refuses one model serves the others', async () => {
    await eu.close();
    eu = await startSimulator({ keys: { [EU_KEY]: { models: [AMAZON] } }, limits: ROOM });
    await start();
    for (let i = 0; i < 10; i++) {
      for (const model of [COHERE, AMAZON]) {
        expect((await requests(4, model)).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
      }
    }
    const served = eu.calls.filter(({ status }) => status === 200);
    expect(served.length).toBeGreaterThan(0);
    expect(new Set(served.map(({ model }) => model))).toEqual(new Set([AMAZON]));
    expect(eu.calls.length - served.length).toBeLessThan(10);
    expect(await open('RERANK_EU')).toBe(1);
  });
});

test('under saturation, the budgets of all attachments are used, and none is passed', async () => {
  const [limit, windowMs] = [20, 1000];
  await eu.close();
  eu = await startSimulator({ keys: { [EU_KEY]: {} }, limits: { [COHERE]: limit }, windowMs });
  gateway = await startTestGateway({
    env: {
      UPSTREAMS: 'RERANK,RERANK_EU',
      RERANK_EU_URL: eu.url,
      RERANK_EU_KEY: EU_KEY,
      MODEL_LIMITS: `${COHERE}=${limit}`,
      RATE_WINDOW_MS: String(windowMs),
    },
    simulator: { keys: { [UPSTREAM_KEY]: {} }, limits: { [COHERE]: limit }, windowMs },
  });
  const began = performance.now();
  const statuses = await traffic(() => performance.now() - began > 4 * windowMs, 3 * limit);
  expect(new Set(statuses)).toEqual(new Set([200]));
  for (const { calls } of [gateway.simulator, eu]) {
    expect(calls.filter(({ status }) => status === 429)).toHaveLength(0);
    const arrivals = calls.map(({ at }) => at);
    expect(mostInAnyWindow(arrivals, windowMs)).toBeLessThanOrEqual(limit);
    const [first] = arrivals;
    const inTheMiddle = arrivals.filter((at) => at >= first! + windowMs && at < first! + 4 * windowMs);
    expect(inTheMiddle.length).toBeGreaterThan(0.7 * 3 * limit);
  }
  await bodyOf(await gateway.rerank(fresh()));
});
