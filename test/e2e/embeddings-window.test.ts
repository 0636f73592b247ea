import { afterEach, expect, test } from 'vitest';
import { tokensOf } from '../../src/simulator/embeddings/answer.ts';
import { areInFlight } from '../clients/bed.ts';
import { shutGate } from '../clients/gate.ts';
import { EMBED, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { mostInAnyWindow } from '../support/sliding.ts';
import { embed, freshTexts, inputsOf, upstreamVector } from './embedding.ts';

let gateway: TestGateway;
afterEach(() => gateway.stop());

interface Limits {
  readonly url?: string;
  readonly tokens?: number;
}

const start = async (limit: number, windowMs: number, { url, tokens }: Limits = {}): Promise<void> => {
  gateway = await startTestGateway({
    env: {
      MODEL_LIMITS: `${EMBED}=${limit}${tokens === undefined ? '' : `/${tokens}`}`,
      RATE_WINDOW_MS: String(windowMs),
      VERIFY_RATE: '0',
      ...(url && { RERANK_URL: url }),
    },
    simulator: {
      limits: { [EMBED]: limit },
      ...(tokens === undefined ? {} : { tokenLimits: { [EMBED]: tokens } }),
      windowMs,
    },
  });
};

test('200 callers that post one new text each while the window is full cost three calls', async () => {
  await using gate = await shutGate();
  await start(4, 1000, { url: gate.url });
  // Of other types, so that none of the texts can join them.
  const types = ['search_query', 'classification', 'clustering'];
  const others = ['int8', ...types].map((type, i) =>
    embed(gateway, freshTexts(1), i === 0 ? { embedding_type: type } : { input_type: type }),
  );
  await areInFlight(gateway, 4);
  const texts = freshTexts(200);
  const answering = texts.map((text) => embed(gateway, text));
  await areInFlight(gateway, 204);
  gate.open(gateway.simulator.url);
  const answers = await Promise.all(answering);
  await Promise.all(others);
  expect(answers.map(({ vectors }) => vectors[0])).toEqual(texts.map((text) => upstreamVector(text)));
  const calls = inputsOf(gateway.simulator).slice(4);
  expect(calls.length).toBeLessThanOrEqual(3);
  expect(calls.flat().sort()).toEqual([...texts].sort());
  expect(gateway.simulator.calls.every(({ status }) => status === 200)).toBe(true);
});

test('documents that come again with a twentieth of them changed cost what has changed, exactly', async () => {
  await start(500, 60_000);
  const chunks = freshTexts(400);
  const ingest = async (texts: readonly string[], size: number): Promise<void> => {
    for (let i = 0; i < texts.length; i += size) await embed(gateway, texts.slice(i, i + size));
  };
  await ingest(chunks, 100);
  expect(inputsOf(gateway.simulator).flat()).toEqual(chunks);
  gateway.simulator.reset();
  const again = chunks.map((text, i) => (i % 20 === 7 ? `${text}, changed` : text));
  // In other portions, and by another service.
  await ingest(again, 64);
  expect(inputsOf(gateway.simulator).flat()).toEqual(again.filter((text) => text.endsWith('changed')));
});

test('a request of more tokens than a window has is answered, in calls that each leave room for others', async () => {
  await start(500, 500, { tokens: 1000 });
  const texts = freshTexts(60).map((text) => `${text} ${'lift '.repeat(20)}`);
  const { vectors, spent } = await embed(gateway, texts);
  expect(vectors).toEqual(texts.map((text) => upstreamVector(text)));
  expect(spent).toBeGreaterThan(1000);
  const { calls } = gateway.simulator;
  expect(calls.every(({ status }) => status === 200)).toBe(true);
  const costs = calls.map(({ body }) => tokensOf(body as { input: string[] }));
  expect(Math.max(...costs)).toBeLessThanOrEqual(250);
  expect(
    mostInAnyWindow(
      calls.map(({ at }) => at),
      500,
      costs,
    ),
  ).toBeLessThanOrEqual(1000);
});

test('a text of more tokens than the window of a model has is a 400 that names the field, and costs nothing', async () => {
  await start(500, 60_000, { tokens: 400 });
  const [text = ''] = freshTexts(1);
  const response = await gateway.embed({ model: EMBED, input: [text, 'lift '.repeat(400)] });
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ error: { code: 400, param: 'input' } });
  expect(gateway.simulator.calls).toEqual([]);
  expect((await embed(gateway, text)).vectors).toEqual([upstreamVector(text)]);
});
