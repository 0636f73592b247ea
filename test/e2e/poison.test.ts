import { afterEach, describe, expect, test } from 'vitest';
import type { Fault } from '../../src/simulator/server.ts';
import { COHERE, KEYS, metric, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { fresh } from './requests.ts';

/** Calls that fail for what they ask, whoever sends them: the upstream does well with everything else. */
const POISON: Readonly<Record<string, Fault>> = {
  'breaks the model': { kind: 'status', status: 500 },
  'breaks the connection': { kind: 'reset' },
  'gets nonsense': { kind: 'garbage' },
  'gets no answer': { kind: 'hang' },
};

/** For longer than an upstream may fail before it is left alone, milliseconds. */
const QUIET_MS = 4500;

let gateway: TestGateway;
afterEach(() => gateway.stop());

/** As an SDK does: again at once, whatever the answer. Ends with `over`. */
const loop = async (client: keyof typeof KEYS, query: string, over: AbortSignal): Promise<number[]> => {
  const statuses: number[] = [];
  const headers = { authorization: `Bearer ${KEYS[client]}` };
  while (!over.aborted) {
    const body = { model: COHERE, query, documents: ['one', 'two'] };
    const answer = await gateway.rerank(body, { headers, signal: over }).catch(() => undefined);
    if (answer) statuses.push(answer.status);
    await answer?.arrayBuffer();
    // Its documents are the same; the limit of a minute is not what this is about.
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return statuses;
};

const start = async (): Promise<void> => {
  const limits = { [COHERE]: 10_000 };
  gateway = await startTestGateway({
    simulator: { limits },
    env: { MODEL_LIMITS: `${COHERE}=10000`, MAX_WAIT_MS: '4000' },
  });
  for (const [query, fault] of Object.entries(POISON)) {
    gateway.simulator.faultWhen((request) => request.query.startsWith(query), fault);
  }
};

const quiet = (ms = QUIET_MS): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const asks = async (client: keyof typeof KEYS, count = 5): Promise<number[]> => {
  const headers = { authorization: `Bearer ${KEYS[client]}` };
  const answers = await Promise.all(
    Array.from({ length: count }, () => gateway.rerank(fresh(), { headers })),
  );
  await Promise.all(answers.map((answer) => answer.arrayBuffer()));
  return answers.map(({ status }) => status);
};

describe('one caller whose question fails each time', () => {
  test('shuts nobody out: what others ask, and what it asks else, is answered, after any silence', async () => {
    await start();
    const over = new AbortController();
    const poison = loop('search', 'breaks the model', over.signal);
    for (let round = 0; round < 2; round++) {
      await quiet();
      expect(await asks('chatbot')).toEqual([200, 200, 200, 200, 200]);
      expect(await asks('search')).toEqual([200, 200, 200, 200, 200]);
    }
    over.abort();
    // It is told so at once in the end, and costs next to no calls any more.
    const statuses = await poison;
    expect(statuses.at(-1)).toBe(503);
    expect(new Set(statuses)).toEqual(new Set([502, 503]));
    const spent = gateway.simulator.calls.filter(({ status }) => status === 500).length;
    expect(spent).toBeLessThan(30);
    expect(metric(await gateway.metrics(), 'gateway_circuit_open')).toBe(0);
  });
});

describe('callers whose questions fail in every way there is', () => {
  test('shut nobody out, be they one client or two, and be there many such questions', async () => {
    await start();
    const over = new AbortController();
    const poison = [
      ...Object.keys(POISON).map((query) => loop('search', query, over.signal)),
      ...Array.from({ length: 8 }, (_, i) => loop('search', `breaks the model ${i}`, over.signal)),
      loop('evaluation', 'breaks the model, too', over.signal),
    ];
    for (let round = 0; round < 2; round++) {
      await quiet();
      expect(await asks('chatbot')).toEqual([200, 200, 200, 200, 200]);
    }
    over.abort();
    await Promise.all(poison);
  });
});

test('an upstream that fails whatever it is asked is left alone, by all, and is back as soon as it is well', async () => {
  await start();
  const fault: Fault = { kind: 'status', status: 500 };
  gateway.simulator.faultWhen(() => true, fault);
  const began = performance.now();
  while (
    metric(await gateway.metrics(), 'gateway_circuit_open') === 0 &&
    performance.now() - began < 15_000
  ) {
    await Promise.all([asks('search', 1), asks('chatbot', 1)]);
  }
  for (let i = 0; i < 5; i++) await Promise.all([asks('search', 1), asks('chatbot', 1)]);
  const calls = gateway.simulator.calls.length;
  expect(await Promise.all([asks('search', 3), asks('chatbot', 3)])).toEqual([
    [503, 503, 503],
    [503, 503, 503],
  ]);
  expect(gateway.simulator.calls.length - calls).toBeLessThanOrEqual(3);
  gateway.simulator.clearFaults();
  let statuses: number[] = [];
  while (statuses[0] !== 200 && performance.now() - began < 25_000) {
    statuses = await asks('chatbot', 1);
    await quiet(100);
  }
  expect(await asks('search')).toEqual([200, 200, 200, 200, 200]);
});
