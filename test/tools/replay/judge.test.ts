import { describe, expect, test } from 'vitest';
import { type Answer, judge } from '../../../src/tools/replay/answers/judge.ts';
import { ASKED, BODY, HEADERS, ok, ranked } from './answers.ts';

const wrong = (reason: string | RegExp) => ({ outcome: 'wrong', reason: expect.stringMatching(reason) });
const entry = (index: unknown, relevance_score: unknown) => ({ index, relevance_score });

describe('a right answer', () => {
  test('is told by its outcome, bill and wait', () => {
    expect(judge(ok(), ASKED)).toEqual({ outcome: 'miss', searchUnits: 1, queueMs: 12.34 });
  });

  test.each([
    ['hit; detail=memory', 'hit'],
    ['hit; detail=redis', 'hit'],
    ['hit; fwd=stale; detail=memory', 'stale'],
    ['hit; fwd=stale; collapsed; detail=redis', 'stale'],
    ['fwd=miss', 'miss'],
    ['fwd=miss; stored', 'miss'],
    ['fwd=miss; collapsed', 'collapsed'],
    ['fwd=partial', 'partial'],
    ['fwd=partial; stored', 'partial'],
    ['fwd=partial; collapsed', 'partial'],
    ['fwd=partial; collapsed; stored', 'partial'],
    ['fwd=bypass', 'bypass'],
  ])('with the Cache-Status "%s" counts as %s', (status, outcome) => {
    const body = { ...BODY, meta: { ...BODY.meta, billed_units: { search_units: 0 } } };
    const age = status.startsWith('hit') ? '7' : undefined;
    const answer = ok(body, { 'cache-status': `rerank-gateway; ${status}`, age });
    expect(judge(answer, ASKED)).toMatchObject({ outcome });
  });

  test.each([0, 1, 3])('may be a partial hit that is billed %i search units', (search_units) => {
    const body = { ...BODY, meta: { ...BODY.meta, billed_units: { search_units } } };
    const status = 'rerank-gateway; fwd=partial; collapsed; stored';
    expect(judge(ok(body, { 'cache-status': status }), ASKED)).toEqual({
      outcome: 'partial',
      searchUnits: search_units,
      queueMs: 12.34,
    });
  });

  test('has as many results as asked for, or as there are documents', () => {
    const [first, second, third] = BODY.results;
    expect(judge(ranked(first, second), { ...ASKED, topN: 2 })).toMatchObject({ outcome: 'miss' });
    expect(judge(ranked(first, second, third), { ...ASKED, topN: 50 })).toMatchObject({ outcome: 'miss' });
  });
});

describe('a wrong answer is one', () => {
  test.each<[string, Answer, string | RegExp]>([
    ['that is no JSON', ok('<html>'), 'no JSON object'],
    ['that says it is no JSON', ok(BODY, { 'content-type': 'text/html' }), 'is no JSON'],
    ['without an id', ok({ ...BODY, id: undefined }), 'id'],
    ['without results', ok({ ...BODY, results: {} }), 'results'],
    ['with too few results', ranked(entry(0, 1)), '1 results instead of 3'],
    ['with an index twice', ranked(entry(0, 3), entry(1, 2), entry(1, 1)), 'twice'],
    ['with an index out of range', ranked(entry(3, 3), entry(1, 2), entry(2, 1)), /results\[0\]\.index/],
    ['with a negative index', ranked(entry(-1, 3), entry(1, 2), entry(2, 1)), /results\[0\]\.index/],
    ['with an index that is text', ranked(entry('0', 3), entry(1, 2), entry(2, 1)), /results\[0\]\.index/],
    ['with a score that is text', ranked(entry(0, '3'), entry(1, 2), entry(2, 1)), 'no finite number'],
    ['with a score that is null', ranked(entry(0, null), entry(1, 2), entry(2, 1)), 'no finite number'],
    [
      'with the lower score first',
      ranked(entry(0, 1), entry(1, 2), entry(2, 0)),
      'results\\[1\\] is out of order',
    ],
    ['with a tie against the index', ranked(entry(1, 1), entry(0, 1), entry(2, 0)), 'out of order'],
    [
      'with a document',
      ranked({ ...entry(0, 3), document: null }, entry(1, 2), entry(2, 1)),
      'not asked for',
    ],
    ['without meta', ok({ ...BODY, meta: null }), 'meta'],
    [
      'with another version',
      ok({ ...BODY, meta: { ...BODY.meta, api_version: { version: '1' } } }),
      'api_version',
    ],
    ['without a bill', ok({ ...BODY, meta: { ...BODY.meta, billed_units: {} } }), 'search_units'],
    ['without X-Request-ID', ok(BODY, { 'x-request-id': undefined }), 'x-request-id'],
    ['with another X-Request-ID', ok(BODY, { 'x-request-id': 'replay-another-request' }), 'X-Request-ID'],
    ['without Cache-Status', ok(BODY, { 'cache-status': undefined }), 'cache-status'],
    ['without Server-Timing', ok(BODY, { 'server-timing': undefined }), 'server-timing'],
    ['without a queue in it', ok(BODY, { 'server-timing': 'auth;dur=1' }), 'queue'],
    [
      'that is a hit and costs',
      ok(BODY, { 'cache-status': 'rerank-gateway; hit; detail=memory', age: '1' }),
      'billed',
    ],
  ])('%s', (_, answer, reason) => {
    expect(judge(answer, ASKED)).toEqual(wrong(reason));
  });

  test('that is a hit without an age', () => {
    const free = { ...BODY, meta: { ...BODY.meta, billed_units: { search_units: 0 } } };
    const status = 'rerank-gateway; hit; detail=memory';
    expect(judge(ok(free, { 'cache-status': status }), ASKED)).toEqual(wrong('age'));
    expect(judge(ok(free, { 'cache-status': status, age: '1.5' }), ASKED)).toEqual(wrong('Age'));
  });

  test.each(['fwd=miss; stored', 'fwd=partial', 'fwd=bypass'])('that has an age and is %s', (status) => {
    const answer = ok(BODY, { 'cache-status': `rerank-gateway; ${status}`, age: '7' });
    expect(judge(answer, ASKED)).toEqual(wrong('has an Age'));
  });

  test.each([
    'other-cache; hit; detail=memory',
    'rerank-gateway',
    'rerank-gateway; hit',
    'rerank-gateway; hit; detail=disk',
    'rerank-gateway; hit; detail=memory; detail=redis',
    'rerank-gateway; hit; collapsed; detail=memory',
    'rerank-gateway; hit; stored; detail=memory',
    'rerank-gateway; fwd=partial; detail=redis',
    'rerank-gateway; partial',
    'rerank-gateway; fwd=stale',
    'rerank-gateway; fwd=miss; detail=memory',
    'rerank-gateway; fwd=miss; stored; stored',
  ])('with the Cache-Status "%s"', (status) => {
    expect(judge(ok(BODY, { 'cache-status': status }), ASKED)).toEqual(wrong('Cache-Status'));
  });

  test('with a header twice', () => {
    const answer = { ...ok(), headers: { ...HEADERS, 'cache-status': ['a', 'b'] } };
    expect(judge(answer, ASKED)).toEqual(wrong('cache-status'));
  });
});
