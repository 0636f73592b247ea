import { describe, expect, test } from 'vitest';
import { parseCorpus } from '../../../src/tools/replay/corpus.ts';
import { CorpusError } from '../../../src/tools/replay/lines.ts';
import { FILES, TRACE } from './mini-corpus.ts';

const request = { at: 5, client: 'search', model: 'm', query: '1', documents: ['1', '2'] };
const trace = (...values: unknown[]) => ({
  ...FILES,
  'trace.jsonl': values
    .map((value) => (typeof value === 'string' ? value : JSON.stringify(value)))
    .join('\n'),
});
const complaint = (files: typeof FILES, models?: readonly string[]): string => {
  try {
    parseCorpus(files, models);
  } catch (thrown) {
    if (thrown instanceof CorpusError) return thrown.message;
    throw thrown;
  }
  return 'no complaint';
};

describe('a corpus', () => {
  test('becomes the requests of its trace, with texts in the place of ids', () => {
    const requests = parseCorpus(FILES, undefined);
    expect(requests).toHaveLength(TRACE.length);
    expect(requests[0]).toEqual({
      number: 1,
      at: 0,
      client: 'chatbot',
      model: 'amazon-rerank-1-0',
      queryId: '1',
      query: JSON.parse(FILES['queries.jsonl'].split('\n')[0]!).text,
      documents: FILES['documents.jsonl']
        .split('\n')
        .slice(0, 8)
        .map((line) => JSON.parse(line).text),
      topN: 3,
    });
  });

  test('is replayed in order of time, and numbered in order of its lines', () => {
    const requests = parseCorpus(
      trace({ ...request, at: 9 }, { ...request, at: 5 }, { ...request, at: 9 }),
      undefined,
    );
    expect(requests.map(({ number, at }) => [number, at])).toEqual([
      [2, 5],
      [1, 9],
      [3, 9],
    ]);
  });

  test('may have blank lines, and a top_n that is null', () => {
    const [only, ...others] = parseCorpus(trace('', { ...request, top_n: null }, '  ', ''), undefined);
    expect(only?.topN).toBeUndefined();
    expect(others).toEqual([]);
  });
});

describe('a malformed corpus is refused with file, line and field', () => {
  test.each([
    ['{"at": 5', 'must be a JSON object'],
    ['[1]', 'must be a JSON object'],
    [{ ...request, at: '5' }, 'at must be a number of milliseconds from 0'],
    [{ ...request, at: -1 }, 'at must be a number of milliseconds from 0'],
    [{ ...request, client: undefined }, 'client must be a non-empty string'],
    [{ ...request, client: 'a,b' }, 'client must have 1 to 64 letters, digits, _ or -, and not be "other"'],
    [{ ...request, client: 'other' }, 'client must have 1 to 64 letters, digits, _ or -, and not be "other"'],
    [{ ...request, model: 7 }, 'model must be a non-empty string'],
    [{ ...request, query: '999' }, 'query is not an id of queries.jsonl'],
    [{ ...request, documents: [] }, 'documents must be a list of 1 to 1000 ids'],
    [{ ...request, documents: 'all' }, 'documents must be a list of 1 to 1000 ids'],
    [{ ...request, documents: ['1', 2] }, 'documents[1] must be a string'],
    [{ ...request, documents: ['1', '999'] }, 'documents[1] is not an id of documents.jsonl'],
    [{ ...request, top_n: 0 }, 'top_n must be an integer from 1'],
    [{ ...request, top_n: 1.5 }, 'top_n must be an integer from 1'],
  ])('%j', (line, rule) => {
    expect(complaint(trace(request, '', line, request))).toBe(`trace.jsonl line 3: ${rule}`);
  });

  test('when a model is none that the replay can serve', () => {
    expect(complaint(trace(request), ['x', 'y'])).toBe('trace.jsonl line 1: model must be one of x, y');
  });

  test('when an id is given twice, or a text is blank', () => {
    const twice = '{"id":"1","text":"a"}\n{"id":"1","text":"b"}';
    expect(complaint({ ...FILES, 'documents.jsonl': twice })).toBe(
      'documents.jsonl line 2: id stands on an earlier line too',
    );
    expect(complaint({ ...FILES, 'queries.jsonl': '{"id":"1","text":"  "}' })).toBe(
      'queries.jsonl line 1: text must not be blank',
    );
  });

  test('when there is nothing to replay', () => {
    expect(complaint(trace(''))).toBe('trace.jsonl holds no request');
  });
});
