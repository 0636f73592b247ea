import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { distinct } from '../../src/calls/distinct.ts';
import { outcomeOf } from '../../src/calls/outcome.ts';
import { RERANK_API } from '../../src/endpoints/rerank/api.ts';
import { validate } from '../../src/endpoints/rerank/request.ts';
import { toResponse } from '../../src/http/ask.ts';
import { okAnswer } from '../../src/http/respond.ts';
import { aCall, type Override, scoresOf } from '../support/fakes.ts';
import { aRecord } from './onion.ts';

const VALUES = Float64Array.of(0.25, 0.1 + 0.2, 1e-7);

/** The answer to a request over three documents. */
const answer = async (fields: Readonly<Record<string, unknown>> = {}, over: Override = {}) => {
  const request = validate({ query: 'q', documents: ['a', 'b', 'c'], ...fields });
  const { items: documents, positions } = distinct(request.texts);
  const scores = scoresOf(aCall({ items: documents }), {
    values: VALUES.slice(0, documents.length),
    ...over,
  });
  const record = aRecord({ authMs: 0.125 });
  const { id } = record;
  const given = okAnswer({
    body: RERANK_API.answer({
      id,
      request,
      model: 'm',
      reply: scores,
      positions,
      warnings: request.warnings,
    }),
    reply: scores,
    served: outcomeOf(scores, false),
    record,
  });
  const response = toResponse(given);
  const text = await response.text();
  // biome-ignore lint/suspicious/noExplicitAny: looked into below
  return { response, text, body: JSON.parse(text) as any };
};

describe('a ranking’s answer', () => {
  test('has Cohere’s form, the best first', async () => {
    const { response, body } = await answer({}, { spent: 3 });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(body).toEqual({
      // The one by which its line in the log is found.
      id: response.headers.get('x-request-id'),
      results: [
        { index: 1, relevance_score: 0.1 + 0.2 },
        { index: 0, relevance_score: 0.25 },
        { index: 2, relevance_score: 1e-7 },
      ],
      meta: {
        api_version: { version: '2', is_experimental: false },
        billed_units: { search_units: 3 },
      },
    });
  });

  test('has the caller’s documents only when asked for, each as it was sent', async () => {
    const documents = ['a', { text: 'b', title: 'B', tags: [1, null] }, { text: 'c' }];
    expect((await answer({ documents })).text).not.toContain('document');
    const { body } = await answer({ documents, return_documents: true });
    expect(body.results.map(({ document }: { document: unknown }) => document)).toEqual([
      { text: 'b', title: 'B', tags: [1, null] },
      { text: 'a' },
      { text: 'c' },
    ]);
  });

  test('returns each of several documents of one text as it was sent', async () => {
    const documents = [{ text: 'a', id: 1 }, 'a', { text: 'a', id: 2 }];
    const { body } = await answer({ documents, return_documents: true });
    expect(body.results.map(({ document }: { document: unknown }) => document)).toEqual([
      { text: 'a', id: 1 },
      { text: 'a' },
      { text: 'a', id: 2 },
    ]);
  });

  test('holds as many results as were asked for', async () => {
    expect((await answer({ top_n: 1 })).body.results).toEqual([{ index: 1, relevance_score: 0.1 + 0.2 }]);
  });

  test('warns of what was ignored, and has no warnings where there is nothing to warn of', async () => {
    expect((await answer()).body.meta).not.toHaveProperty('warnings');
    expect((await answer({ priority: 1 })).body.meta.warnings).toEqual(['priority is ignored']);
  });

  test('says in its headers who asked, what the caches did, and what took how long', async () => {
    const timing = { cacheMs: 1, queueMs: 2.345, upstreamMs: 120 };
    const { response } = await answer({}, { timing, stored: true });
    expect(Object.fromEntries(response.headers)).toEqual({
      'content-type': 'application/json; charset=utf-8',
      'x-request-id': aRecord().id,
      'cache-status': 'rerank-gateway; fwd=miss; stored',
      'server-timing': expect.stringMatching(
        /^auth;dur=0\.1\d, cache;dur=1\.00, queue;dur=2\.3\d, upstream;dur=120\.00$/,
      ),
    });
  });

  test('passes on the upstream’s rate limit', async () => {
    const rateLimit = { 'x-ratelimit-remaining-requests': '7' };
    const { response } = await answer({}, { rateLimit });
    expect(response.headers.get('x-ratelimit-remaining-requests')).toBe('7');
  });
});

describe('Age', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['Date'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  const sources = ['memory', 'memory', 'memory'] as const;

  test.each([
    [0, '0'],
    [999, '0'],
    [61_500, '61'],
    // The clock of the process that scored it was ahead.
    [-5000, '0'],
  ])('of a hit that was scored %d ms ago is %s s', async (ago, age) => {
    const { response } = await answer({}, { sources, takenAt: Date.now() - ago });
    expect(response.headers.get('age')).toBe(age);
  });

  test('is that of the oldest score', async () => {
    const takenAt = Float64Array.of(Date.now() - 5000, Date.now() - 70_000, Date.now());
    expect((await answer({}, { sources, takenAt })).response.headers.get('age')).toBe('70');
  });

  test('is not there when a call was made for some of the scores', async () => {
    const { response } = await answer({}, { sources: ['memory', 'upstream', 'redis'], stored: true });
    expect(response.headers.get('age')).toBeNull();
    expect(response.headers.get('cache-status')).toBe('rerank-gateway; fwd=partial; stored');
  });

  test('is there when the score is stale, and not when it is new', async () => {
    const stale = await answer({}, { sources, stale: true, takenAt: Date.now() - 90_100 });
    expect(stale.response.headers.get('age')).toBe('90');
    expect((await answer()).response.headers.has('age')).toBe(false);
  });
});
