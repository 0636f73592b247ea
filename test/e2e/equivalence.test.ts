import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  AMAZON,
  COHERE,
  metric,
  startTestGateway,
  type TestGateway,
  UPSTREAM_KEY,
} from '../support/gateway.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { bodyOf, questionsKept, type RerankBody } from './requests.ts';

/** More than the property can use up; it is not about limits. */
const LIMITS = { [COHERE]: 100_000, [AMAZON]: 100_000 };

let redis: TestRedis;
let gateway: TestGateway;
let neighbour: TestGateway;

const until = async (condition: () => Promise<boolean>): Promise<void> => {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 2));
};

beforeAll(async () => {
  redis = await startRedis();
  const env = {
    REDIS_URL: redis.url,
    VERIFY_RATE: '0',
    MODEL_LIMITS: Object.entries(LIMITS)
      .map(([model, limit]) => `${model}=${limit}`)
      .join(','),
  };
  // Names of their own: of two processes with one name, metrics tell of the newer one only.
  gateway = await startTestGateway({ env: { ...env, DYNO: 'web.1' }, simulator: { limits: LIMITS } });
  neighbour = await startTestGateway({ env: { ...env, DYNO: 'web.2' }, simulator: { limits: LIMITS } });
  await until(async () => metric(await gateway.metrics(), 'gateway_redis_up') === 2);
});
afterAll(async () => {
  await Promise.all([gateway.stop(), neighbour.stop()]);
  await redis.kill();
});

let runs = 0;

type Results = RerankBody['results'];

/** What the upstream says of the distinct texts when it is asked directly, as one score a text. */
const direct = async (
  model: string,
  query: string,
  texts: readonly string[],
): Promise<Map<string, number>> => {
  const documents = [...new Set(texts)];
  const response = await fetch(`${gateway.simulator.url}/v1/rerank`, {
    method: 'POST',
    headers: { authorization: `Bearer ${UPSTREAM_KEY}` },
    body: JSON.stringify({ model, query, documents }),
  });
  const { results } = await bodyOf(response);
  return new Map(results.map(({ index, relevance_score }) => [documents[index]!, relevance_score]));
};

/** The contract's ranking of a caller's documents, written down once more. */
const expected = (texts: readonly string[], scores: Map<string, number>, topN: number): Results =>
  texts
    .map((text, index) => ({ index, relevance_score: scores.get(text)! }))
    .sort((a, b) => b.relevance_score - a.relevance_score || a.index - b.index)
    .slice(0, topN);

// Few letters, so that texts repeat, share words with the query, and differ only in a space or a digit.
const word = fc.constantFrom(
  'lyon',
  'Paris',
  'capital',
  'of',
  'France',
  'ü',
  '日本',
  '😀',
  '1:2',
  '"',
  '\\',
  '\n',
);
const text = fc.array(word, { minLength: 1, maxLength: 8 }).map((words) => words.join(' '));

const request = fc.record({
  model: fc.constantFrom(COHERE, AMAZON),
  words: text,
  documents: fc.array(fc.oneof(text, fc.string({ minLength: 1, unit: 'binary' })), {
    minLength: 1,
    maxLength: 30,
  }),
  topN: fc.option(fc.integer({ min: 1, max: 40 }), { nil: undefined }),
  asObjects: fc.boolean(),
});

test('an answer is what the upstream says, however it is asked and wherever it comes from', async () => {
  await fc.assert(
    fc.asyncProperty(request, fc.infiniteStream(fc.nat()), async (asked, random) => {
      const { model, words, documents: texts, topN, asObjects } = asked;
      // Never the same twice, not even while a counterexample is made smaller.
      const query = `${words} ${++runs}`;
      const scores = await direct(model, query, texts);
      const ask = async (where: TestGateway, documents: readonly string[], top_n: number | undefined) => {
        const answer = await where.rerank({
          model,
          query,
          documents: asObjects ? documents.map((text) => ({ text })) : documents,
          ...(top_n === undefined ? {} : { top_n }),
        });
        const status = answer.headers.get('cache-status');
        return { status, results: (await bodyOf(answer)).results };
      };

      const kept = await questionsKept(redis);
      const first = await ask(gateway, texts, topN);
      expect(first.results).toEqual(expected(texts, scores, topN ?? texts.length));
      expect(first.status).toContain('fwd=miss');

      const shuffled = [...texts, ...texts.slice(0, 3)]
        .map((text) => [random.next().value, text] as const)
        .sort(([a], [b]) => a - b)
        .map(([, text]) => text);
      const again = await ask(gateway, shuffled, undefined);
      expect(again.results).toEqual(expected(shuffled, scores, shuffled.length));
      expect(again.status).toContain('detail=memory');

      await until(async () => (await questionsKept(redis)) > kept);
      const elsewhere = await ask(neighbour, shuffled, topN);
      expect(elsewhere.results).toEqual(expected(shuffled, scores, topN ?? shuffled.length));
      expect(elsewhere.status).toContain('detail=redis');
    }),
    { numRuns: 60 },
  );
  expect(neighbour.simulator.calls).toHaveLength(0);
});
