import { afterEach, expect, test } from 'vitest';
import { areInFlight } from '../clients/bed.ts';
import { shutGate } from '../clients/gate.ts';
import { EMBED, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { embed, freshTexts, inputsOf, upstreamVector } from './embedding.ts';

let gateway: TestGateway;
afterEach(() => gateway.stop());

const start = async (limit: number, windowMs: number, url?: string): Promise<void> => {
  gateway = await startTestGateway({
    env: {
      MODEL_LIMITS: `${EMBED}=${limit}`,
      RATE_WINDOW_MS: String(windowMs),
      VERIFY_RATE: '0',
      ...(url && { RERANK_URL: url }),
    },
    simulator: { limits: { [EMBED]: limit }, windowMs },
  });
};

test('200 callers that post one new text each while the window is full cost three calls', async () => {
  await using gate = await shutGate();
  await start(4, 1000, gate.url);
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
