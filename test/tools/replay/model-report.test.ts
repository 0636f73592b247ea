import { describe, expect, test } from 'vitest';
import type { Granularity } from '../../../src/config/config.ts';
import type { Judgement } from '../../../src/tools/replay/answers/judge.ts';
import type { ReplayRequest } from '../../../src/tools/replay/corpus.ts';
import { comparisonLines, type ModelFacts, modelTable } from '../../../src/tools/replay/model-report.ts';
import type { Usage } from '../../../src/tools/replay/spending.ts';
import { Tally } from '../../../src/tools/replay/tally.ts';

const request = (number: number, model: string, documents: string): ReplayRequest => ({
  number,
  at: number,
  client: 'search',
  model,
  queryId: 'q7',
  query: 'what',
  documents: [...documents],
  topN: undefined,
});
/** Whole requests of m: 3 calls with 8 documents; its pairs: 2 calls with 4. */
const sent = [
  request(1, 'm', 'abc'),
  request(2, 'm', 'bcd'),
  request(3, 'm', 'ad'),
  request(4, 'n', 'abc'),
  request(5, 'n', 'abc'),
];

const usage = (m: readonly [number, number], n: readonly [number, number]): Usage => {
  const spent = ([calls, documents]: readonly [number, number]) => ({
    calls,
    documents,
    searchUnits: calls,
    throttled: 0,
  });
  return {
    byClient: undefined,
    byModel: new Map([
      ['m', spent(m)],
      ['n', spent(n)],
    ]),
  };
};
const IN_FORCE = new Map<string, Granularity>([
  ['m', 'document'],
  ['n', 'request'],
]);
const facts = (spent: Usage | undefined, more: Partial<ModelFacts> = {}): ModelFacts => ({
  tally: new Tally(),
  sent,
  usage: spent,
  granularity: IN_FORCE,
  ...more,
});

describe('the table of models', () => {
  test('shows what was spent beside the ideal of the granularity in force, and beside both ideals', () => {
    expect(modelTable(facts(usage([2, 5], [1, 3])))).toEqual([
      [
        'upstream calls / documents',
        'granularity',
        'actual',
        'ideal',
        'ideal, whole requests',
        'ideal, pairs',
      ],
      ['m', 'document', '2 / 5', '2 / 4', '3 / 8', '2 / 4'],
      ['n', 'request', '1 / 3', '1 / 3', '1 / 3', '1 / 3'],
      ['total', '', '3 / 8', '3 / 7', '4 / 11', '3 / 7'],
    ]);
  });

  test('has a dash for what nobody knows of a gateway that runs already', () => {
    const table = modelTable(facts(undefined, { granularity: undefined }));
    expect(table[1]).toEqual(['m', '–', '– / –', '– / –', '3 / 8', '2 / 4']);
    expect(table[3]).toEqual(['total', '', '– / –', '– / –', '4 / 11', '3 / 7']);
  });

  test('holds a model that is never reused against a call for every request', () => {
    const granularity = new Map(IN_FORCE).set('n', 'off');
    expect(modelTable(facts(usage([2, 4], [2, 6]), { granularity }))[2]).toEqual([
      ...['n', 'off', '2 / 6', '2 / 6', '1 / 3', '1 / 3'],
    ]);
  });
});

describe('a model is held against its own ideal', () => {
  test('and called as good, better or worse than it, with the share', () => {
    expect(comparisonLines(facts(usage([1, 4], [1, 3])))).toEqual([
      'm, document: 1 calls, 1 fewer than its ideal (−50.0 %); 4 documents, its ideal',
      'n, request: 1 calls, its ideal; 3 documents, its ideal',
      'calls saved by sending asks that waited as one: 1',
    ]);
    expect(comparisonLines(facts(usage([3, 5], [1, 3])))[0]).toBe(
      'm, document: 3 calls, 1 more than its ideal (+50.0 %); 5 documents, 1 more than its ideal (+25.0 %)',
    );
  });

  test('and calls that nobody needed because nobody was answered are not called a merit', () => {
    const tally = new Tally();
    const judgement: Judgement = { outcome: 'rejected', kind: '429 rate_limit_error', retryAfterMs: 1000 };
    tally.add(sent[0]!, { judgement, repetitions: 0, finishedAt: 0 }, 1);
    expect(comparisonLines(facts(usage([1, 2], [1, 3]), { tally })).at(-1)).toBe(
      'calls saved by sending asks that waited as one, or not made for the 1 requests without an answer: 1',
    );
  });

  test('unless nobody knows what was spent, or what scores are reused for', () => {
    expect(comparisonLines(facts(undefined))).toEqual([]);
    expect(comparisonLines(facts(usage([1, 2], [1, 3]), { granularity: undefined }))).toEqual([]);
  });
});
