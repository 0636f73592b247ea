import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readAnswer, wire } from '../../../src/endpoints/rerank/wire.ts';
import { rateLimitHeaders } from '../../../src/upstream/refusal.ts';
import { answerOf, complete } from '../../column/answers.ts';
import { aCall } from '../../support/fakes.ts';

describe('an answer that holds every document once with a number', () => {
  test('is read in the documents’ order, bit for bit, in whatever order it came', () => {
    fc.assert(
      fc.property(complete, ({ values, results }) => {
        expect(readAnswer(answerOf(results), values.length).values).toEqual(Float64Array.from(values));
      }),
    );
  });

  test('may hold more than is needed', () => {
    const results = [{ index: 0, relevance_score: 0.5, document: { text: 'd' } }];
    expect([...readAnswer(JSON.stringify({ results, extra: [1] }), 1).values]).toEqual([0.5]);
  });

  test.each<[units: unknown, documents: number, expected: number]>([
    [7, 3, 7],
    [0, 3, 0],
    [1.5, 3, 1.5],
    [undefined, 3, 1],
    [undefined, 100, 1],
    [undefined, 101, 2],
    [undefined, 1000, 10],
    [null, 3, 1],
    ['7', 3, 1],
    [-1, 3, 1],
    [{}, 201, 3],
  ])('billed %j units for %i documents costs %d', (search_units, documents, expected) => {
    const results = Array.from({ length: documents }, (_, index) => ({ index, relevance_score: 0 }));
    const { spent, unitsStated } = readAnswer(
      answerOf(results, { billed_units: { search_units } }),
      documents,
    );
    expect(spent).toBe(expected);
    expect(unitsStated).toBe(search_units === expected);
  });

  test.each([undefined, null, 3, 'meta', [], { billed_units: null }, { billed_units: 'none' }])(
    'costs what its documents cost when its `meta` is %j',
    (meta) => {
      const body = JSON.stringify({ results: [{ index: 0, relevance_score: 0 }], meta });
      expect(readAnswer(body, 1).spent).toBe(1);
    },
  );
});

test('only the model, the query and the documents are sent', () => {
  const ask = { ...aCall({ scope: 'search', traceparent: '00-trace' }), attachment: 'RERANK' };
  const { model, query, items: documents } = ask;
  expect(JSON.parse(String(wire.request(ask)))).toEqual({ model, query, documents });
});

test('of the headers, those about the rate limit are passed on, each if it has one value', () => {
  expect(
    rateLimitHeaders({
      'x-ratelimit-limit-requests': '250',
      'x-ratelimit-remaining-requests': ['1', '2'],
      'x-ratelimit-reset-requests': undefined,
      'x-request-id': 'theirs',
      'set-cookie': ['a=b'],
      server: 'a host’s name',
    }),
  ).toEqual({ 'x-ratelimit-limit-requests': '250' });
});
