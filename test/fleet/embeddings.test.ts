import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { embed, freshTexts, inputsOf, upstreamVector } from '../e2e/embedding.ts';
import { until } from '../support/fakes.ts';
import { type FleetBed, startFleetBed } from '../support/fleet-bed.ts';
import { EMBED, KEYS, type TestGateway } from '../support/gateway.ts';

const PROCESSES = 4;
const LIMIT = 500;

let bed: FleetBed;
beforeAll(async () => {
  bed = await startFleetBed({
    processes: PROCESSES,
    limit: LIMIT,
    windowMs: 60_000,
    latencyMs: [300, 300],
    simulator: { limits: { [EMBED]: LIMIT } },
    env: { VERIFY_RATE: '0', MODEL_LIMITS: `${EMBED}=${LIMIT}` },
  });
});
afterAll(() => bed.stop());
beforeEach(() => bed.simulator.reset());

const at = (process: number): Pick<TestGateway, 'embed'> => ({
  embed: (body, { headers } = {}) =>
    fetch(`${bed.gateways[process]!.url}/v1/embeddings`, {
      method: 'POST',
      headers: { authorization: `Bearer ${KEYS.search}`, ...headers },
      body: JSON.stringify(body),
    }),
});

it('embeds a text once that ten callers of each of four processes ask for at once', async () => {
  const [text = ''] = freshTexts(1);
  const answers = await Promise.all(
    Array.from({ length: 10 * PROCESSES }, (_, i) => embed(at(i % PROCESSES), text)),
  );
  for (const { vectors } of answers) expect(vectors).toEqual([upstreamVector(text)]);
  expect(inputsOf(bed.simulator)).toEqual([[text]]);
  expect(answers.filter(({ spent }) => spent > 0)).toHaveLength(1);
});

it('embeds each text once for overlapping requests on all processes at once', async () => {
  const texts = freshTexts(150);
  const requests = Array.from({ length: 12 }, (_, i) =>
    Array.from({ length: 60 }, (_, k) => texts[(13 * i + k * (1 + (i % 3))) % texts.length]!),
  );
  const answers = await Promise.all(requests.map((request, i) => embed(at(i % PROCESSES), request)));
  for (const [i, { vectors }] of answers.entries()) {
    expect(vectors).toEqual(requests[i]!.map((text) => upstreamVector(text)));
  }
  expect(inputsOf(bed.simulator).flat().sort()).toEqual([...new Set(requests.flat())].sort());
});

it('waits for the calls of thirty callers of another process at once, without a word of leaks', async () => {
  const texts = freshTexts(30);
  const singles = texts.map((text) => embed(at(0), text));
  // Each has a call or waits for one by then.
  await until(() => inputsOf(bed.simulator).length > 0);
  const { vectors } = await embed(at(1), texts);
  expect(vectors).toEqual(texts.map((text) => upstreamVector(text)));
  await Promise.all(singles);
  expect(inputsOf(bed.simulator).flat().sort()).toEqual([...texts].sort());
  expect(bed.gateways[1]!.log.join('')).not.toContain('Warning');
});

it('answers on every process what one has embedded, from Redis and then from memory', async () => {
  const texts = freshTexts(100);
  await embed(at(0), texts);
  for (let process = 1; process < PROCESSES; process++) {
    for (const tier of ['redis', 'memory']) {
      const { vectors, cache, spent } = await embed(at(process), texts);
      expect(vectors).toEqual(texts.map((text) => upstreamVector(text)));
      expect(cache).toBe(`rerank-gateway; hit; detail=${tier}`);
      expect(spent).toBe(0);
    }
  }
  expect(inputsOf(bed.simulator).flat()).toHaveLength(100);
});
