import { expect, test } from 'vitest';
import { AMAZON, type Answer, BODY, COHERE, COHERE_ONLY, rerank, simulate, until } from './harness.ts';

const limitHeaders = ({ headers }: Answer) =>
  ['limit', 'remaining', 'reset'].map((name) => headers.get(`x-ratelimit-${name}-requests`));

test('calls beyond the limit are a 429 in the shape of Heroku, without Retry-After', async () => {
  const simulator = await simulate({ limits: { [COHERE]: 2 } });
  expect((await rerank(simulator)).status).toBe(200);
  expect((await rerank(simulator)).status).toBe(200);
  const refused = await rerank(simulator);
  expect(refused.status).toBe(429);
  expect(refused.body).toEqual({
    error: { code: 429, type: 'rate_limit_error', message: expect.any(String) },
  });
  expect(refused.headers.get('retry-after')).toBeNull();
  expect(limitHeaders(refused)).toEqual(['2', '0', expect.stringMatching(/^\d+s$/)]);
});

test('of calls at the same time exactly the limit is let in', async () => {
  const simulator = await simulate({ limits: { [COHERE]: 7 }, latencyMs: [0, 20] });
  const answers = await Promise.all(Array.from({ length: 20 }, () => rerank(simulator)));
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(7);
  expect(answers.filter(({ status }) => status === 429)).toHaveLength(13);
});

test('each key and each model has its own window', async () => {
  const simulator = await simulate({ limits: { [COHERE]: 1, [AMAZON]: 1 } });
  expect((await rerank(simulator)).status).toBe(200);
  expect((await rerank(simulator)).status).toBe(429);
  expect((await rerank(simulator, { ...BODY, model: AMAZON })).status).toBe(200);
  expect((await rerank(simulator, BODY, { authorization: `Bearer ${COHERE_ONLY}` })).status).toBe(200);
});

test('the headers count down, and say in whole seconds when the oldest call leaves', async () => {
  const simulator = await simulate({ limits: { [COHERE]: 3 } });
  expect(limitHeaders(await rerank(simulator))).toEqual(['3', '2', '60s']);
  expect(limitHeaders(await rerank(simulator)).slice(0, 2)).toEqual(['3', '1']);
});

test('an invalid call is not counted, and carries the headers once its model is known', async () => {
  const simulator = await simulate({ limits: { [COHERE]: 3 } });
  expect(limitHeaders(await rerank(simulator, { ...BODY, query: '' }))).toEqual(['3', '3', '0s']);
  expect(limitHeaders(await rerank(simulator, { ...BODY, model: 'gpt' }))).toEqual([null, null, null]);
  expect(limitHeaders(await rerank(simulator)).slice(0, 2)).toEqual(['3', '2']);
});

test('the headers can be left out', async () => {
  expect(limitHeaders(await rerank(await simulate({ rateLimitHeaders: false })))).toEqual([null, null, null]);
});

test('the headers can be there now and then, all of them or none', async () => {
  const simulator = await simulate({ rateLimitHeaders: 'sometimes', limits: { [COHERE]: 250 } });
  const answers = [];
  for (let i = 0; i < 40; i++) answers.push(limitHeaders(await rerank(simulator)));
  const told = answers.map((headers) => headers.filter((value) => value !== null).length);
  expect(new Set(told)).toEqual(new Set([0, 3]));
  // What is told counts the calls whose answers told nothing.
  const last = answers.findLastIndex(([limit]) => limit !== null);
  expect(answers[last]![1]).toBe(String(250 - last - 1));
  simulator.rateLimitHeaders(true);
  expect(limitHeaders(await rerank(simulator))[1]).toBe('209');
});

test('a call refused for its rate is not counted: the window opens one length after the calls let in', async () => {
  const windowMs = 150;
  const simulator = await simulate({ limits: { [COHERE]: 1 }, windowMs });
  // Refused calls, if they were counted, would keep the window closed for ever.
  const opensAgain = async () => {
    while ((await rerank(simulator)).status === 429);
  };
  await opensAgain();
  await opensAgain();
  const [first, second] = simulator.calls.filter(({ status }) => status === 200);
  expect(second!.at - first!.at).toBeGreaterThanOrEqual(windowMs);
});

test('a call is counted when it arrives, not when it is answered', async () => {
  const simulator = await simulate({ limits: { [COHERE]: 1 } });
  simulator.fault({ kind: 'hang' });
  const leaving = new AbortController();
  const hanging = rerank(simulator, BODY, { signal: leaving.signal }).catch(() => 'left');
  await until(() => simulator.calls[0]?.model !== undefined);
  expect((await rerank(simulator)).status).toBe(429);
  leaving.abort();
  expect(await hanging).toBe('left');
});

test('reset forgets windows and calls', async () => {
  const simulator = await simulate({ limits: { [COHERE]: 1 } });
  const { calls } = simulator;
  await rerank(simulator);
  expect((await rerank(simulator)).status).toBe(429);
  expect(calls).toHaveLength(2);
  simulator.reset();
  expect(calls).toHaveLength(0);
  expect((await rerank(simulator)).status).toBe(200);
  expect(calls).toHaveLength(1);
});
