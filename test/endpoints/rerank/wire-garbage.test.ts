import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RerankError } from '../../../src/calls/errors.ts';
import { readAnswer } from '../../../src/endpoints/rerank/wire.ts';
import { answerOf, complete, type Result } from '../../column/answers.ts';

const expectGarbage = (body: string, documents: number): void => {
  let thrown: unknown;
  try {
    readAnswer(body, documents);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(RerankError);
  // The status tells the pacing that the upstream has counted the call.
  expect(thrown).toMatchObject({ kind: 'upstream_garbage', upstreamStatus: 200 });
};

describe('an answer that does not hold every document once with a number is not believed at all:', () => {
  const spoilers: Record<string, (results: Result[], at: number) => Result[]> = {
    'one is missing': (results, at) => results.toSpliced(at, 1),
    'one is there twice': (results, at) => [...results, results[at]!],
    'one stands in another’s place': (results, at) =>
      results.length === 1 ? [] : results.with(at, results[(at + 1) % results.length]!),
    'an index is too large': (results, at) => results.with(at, { ...results[at]!, index: results.length }),
    'an index is negative': (results, at) => results.with(at, { ...results[at]!, index: -1 }),
    'an index is no integer': (results, at) => results.with(at, { ...results[at]!, index: 0.5 }),
    'an index is a string': (results, at) => results.with(at, { ...results[at]!, index: String(at) }),
    'an index is the name of a property': (results, at) =>
      results.with(at, { ...results[at]!, index: 'length' }),
    'a score is null': (results, at) => results.with(at, { ...results[at]!, relevance_score: null }),
    'a score is a string': (results, at) => results.with(at, { ...results[at]!, relevance_score: '0.5' }),
    'a score is true': (results, at) => results.with(at, { ...results[at]!, relevance_score: true }),
    'a score is not there': (results, at) =>
      results.with(at, { ...results[at]!, relevance_score: undefined }),
  };

  test.each(Object.entries(spoilers))('%s', (_, spoil) => {
    fc.assert(
      fc.property(complete, fc.nat(), ({ values, results }, at) => {
        expectGarbage(answerOf(spoil(results, at % results.length)), values.length);
      }),
    );
  });

  test.each(['1e999', '-1e999', 'NaN', 'Infinity'])('a score is %s', (number) => {
    expectGarbage(`{"results": [{"index": 0, "relevance_score": ${number}}]}`, 1);
  });

  test.each([
    '',
    'null',
    '[]',
    '3',
    '"results"',
    '{}',
    '{"results": null}',
    '{"results": {}}',
    '{"results": {"length": 1, "0": {"index": 0, "relevance_score": 0}}}',
    '{"results": [null]}',
    '{"results": [0]}',
    '{"results": [[]]}',
    '{"results": []}',
    '{"results": [{"index": 0, "relevance_score": 0}]',
    '<!DOCTYPE html><html></html>',
    '{"error": {"code": 200, "message": "no"}}',
  ])('it is %s', (body) => {
    expectGarbage(body, 1);
  });

  test('it is any other text or JSON', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (body) => {
        expectGarbage(body, 1);
      }),
    );
  });
});
