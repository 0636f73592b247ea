import { expect, test } from 'vitest';
import { lexicalScores } from '../../src/simulator/lexical.ts';
import { AMAZON, BODY, COHERE, rerank, simulate } from './harness.ts';

test('an answer has the shape of Heroku and the scores bit for bit, highest first', async () => {
  const { status, headers, body } = await rerank(await simulate());
  expect(status).toBe(200);
  expect(headers.get('content-type')).toBe('application/json');
  const scores = lexicalScores(BODY.query, BODY.documents, 'pointwise');
  const results = scores
    .map((relevance_score, index) => ({ index, relevance_score }))
    .sort((a, b) => b.relevance_score - a.relevance_score);
  expect(results[0]!.index).toBe(0);
  expect(body).toEqual({
    id: expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
    results,
    meta: {
      api_version: { version: '2', is_experimental: false },
      billed_units: { search_units: 1 },
    },
  });
});

test('ties are ranked by index', async () => {
  const documents = ['same', 'same', 'other', 'same'];
  const { body } = await rerank(await simulate(), { ...BODY, query: 'same', documents });
  expect(body.results.map(({ index }: { index: number }) => index)).toEqual([0, 1, 3, 2]);
});

test('top_n cuts the ranking, not the scores or the bill', async () => {
  const simulator = await simulate();
  const whole = (await rerank(simulator)).body;
  const cut = (await rerank(simulator, { ...BODY, top_n: 2 })).body;
  expect(cut.results).toEqual(whole.results.slice(0, 2));
  expect(cut.meta).toEqual(whole.meta);
});

const scoresOf = async (
  simulator: Awaited<ReturnType<typeof simulate>>,
  model: string,
  documents: string[],
) => {
  const { body } = await rerank(simulator, { ...BODY, model, documents });
  const results = body.results as { index: number; relevance_score: number }[];
  return results.toSorted((a, b) => a.index - b.index).map(({ relevance_score }) => relevance_score);
};

test("Amazon's scores depend on companion documents, Cohere's do not", async () => {
  const simulator = await simulate();
  const [first, ...others] = BODY.documents as [string, ...string[]];
  expect(await scoresOf(simulator, COHERE, [first])).toEqual(
    (await scoresOf(simulator, COHERE, [first, ...others])).slice(0, 1),
  );
  expect(await scoresOf(simulator, AMAZON, [first])).not.toEqual(
    (await scoresOf(simulator, AMAZON, [first, ...others])).slice(0, 1),
  );
});

test('which models are listwise can be chosen', async () => {
  const simulator = await simulate({ listwise: [COHERE] });
  expect(await scoresOf(simulator, COHERE, BODY.documents)).toEqual(
    lexicalScores(BODY.query, BODY.documents, 'listwise'),
  );
  expect(await scoresOf(simulator, AMAZON, BODY.documents)).toEqual(
    lexicalScores(BODY.query, BODY.documents, 'pointwise'),
  );
});
