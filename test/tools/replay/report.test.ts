import { describe, expect, test } from 'vitest';
import type { Judgement } from '../../../src/tools/replay/answers/judge.ts';
import type { ReplayRequest } from '../../../src/tools/replay/corpus.ts';
import { punctual } from '../../../src/tools/replay/punctuality.ts';
import {
  clientTable,
  closingLines,
  exitCode,
  type Facts,
  type Table,
} from '../../../src/tools/replay/report.ts';
import type { Spent, Usage } from '../../../src/tools/replay/spending.ts';
import { Tally } from '../../../src/tools/replay/tally.ts';

const request = (number: number, client: string, model: string): ReplayRequest => ({
  number,
  at: number,
  client,
  model,
  queryId: 'q7',
  query: 'what',
  documents: ['a', 'b', String(number)],
  topN: undefined,
});
const sent = [request(1, 'search', 'm'), request(2, 'chatbot', 'm'), request(3, 'search', 'n')];
const MISS: Judgement = { outcome: 'miss', searchUnits: 1, queueMs: 1234.4 };

const spent = (calls: number, throttled = 0): Spent => ({
  calls,
  documents: 3 * calls,
  searchUnits: calls,
  throttled,
});
const usageWith = (throttled: number): Usage => ({
  byClient: new Map([
    ['search', spent(2)],
    ['', spent(1, throttled)],
  ]),
  byModel: new Map([
    ['m', spent(1, throttled)],
    ['n', spent(2)],
  ]),
});

const facts = (judgements: readonly Judgement[], usage?: Usage): Facts => {
  const tally = new Tally();
  judgements.forEach((judgement, i) => {
    tally.add(sent[i]!, { judgement, repetitions: 0, finishedAt: 0 }, 10 * (i + 1));
  });
  return { tally, sent, usage };
};
const row = (table: Table, title: string): readonly string[] =>
  table.find(([name]) => name === title)!.slice(1);
const REJECTED: Judgement = { outcome: 'rejected', kind: '429 rate_limit_error', retryAfterMs: 1 };
const SILENCE: Judgement = { outcome: 'unanswered', kind: 'ECONNRESET' };
const WRONG: Judgement = { outcome: 'wrong', reason: 'results[0] is out of order' };

describe('the table of clients', () => {
  test('has a column for each and one for all', () => {
    const table = clientTable(facts([MISS, MISS, MISS], usageWith(0)));
    expect(table[0]).toEqual(['', 'search', 'chatbot', 'total']);
    expect(row(table, 'requests')).toEqual(['2', '1', '3']);
    expect(row(table, 'miss')).toEqual(['2', '1', '3']);
    expect(row(table, 'total p99 ms')).toEqual(['30', '20', '30']);
    expect(row(table, 'queue p50 ms')).toEqual(['1,234', '1,234', '1,234']);
    expect(row(table, 'search units billed')).toEqual(['2', '1', '3']);
  });

  test('counts calls that were made for nobody in the total', () => {
    const table = clientTable(facts([MISS, MISS, MISS], usageWith(4)));
    expect(row(table, 'upstream calls')).toEqual(['2', '0', '3']);
    expect(row(table, 'upstream 429s')).toEqual(['0', '0', '4']);
  });

  test('has a row for each way to end without scores, and none for others', () => {
    const table = clientTable(facts([REJECTED, SILENCE, REJECTED]));
    expect(row(table, 'unanswered')).toEqual(['0', '1', '1']);
    expect(row(table, '  429 rate_limit_error')).toEqual(['2', '0', '2']);
    expect(row(table, '  ECONNRESET')).toEqual(['0', '1', '1']);
    expect(
      clientTable(facts([MISS]))
        .flat()
        .filter((text) => text.startsWith('  ')),
    ).toEqual([]);
  });

  test('marks total times as bounds when the replay itself was late, and says so at the end', () => {
    const late = { ...facts([MISS, MISS, MISS]), punctual: punctual([0, 0, 1234], 7) };
    expect(row(clientTable(late), 'total p99 ms')).toEqual(['≤ 30', '≤ 20', '≤ 30']);
    expect(row(clientTable(late), 'queue p50 ms')).toEqual(['1,234', '1,234', '1,234']);
    const lines = closingLines(late, 3).join('\n');
    expect(lines).toContain('sent up to 1,234 ms after they were due (p99 1,234 ms)');
    const busy = { ...facts([MISS, MISS, MISS]), punctual: punctual([0, 0, 0], 99) };
    expect(closingLines(busy, 3).join('\n')).toContain('busy for 99 ms at a stretch');
    const timely = { ...facts([MISS, MISS, MISS]), punctual: punctual([1, 2, 3], 2) };
    expect(row(clientTable(timely), 'total p99 ms')).toEqual(['30', '20', '30']);
    expect(closingLines(timely, 3).join('\n')).not.toContain('late');
  });

  test('shows a dash where nobody knows', () => {
    const table = clientTable(facts([]));
    expect(row(table, 'upstream calls')).toEqual(['–', '–', '–']);
    expect(row(table, 'queue p99 ms')).toEqual(['–', '–', '–']);
    const onlyModels = clientTable(facts([], { ...usageWith(0), byClient: undefined }));
    expect(row(onlyModels, 'upstream calls')).toEqual(['–', '–', '3']);
  });
});

describe('the end', () => {
  test('names wrong answers by number, client and query id, and never by a text', () => {
    const lines = closingLines(facts([MISS, WRONG, MISS], usageWith(2)), 3);
    expect(lines).toEqual([
      'wrong answer to request 2 (chatbot, query q7): results[0] is out of order',
      'made for no request, such as to verify old scores: 1 calls, 3 documents',
      'wrong answers: 1, upstream 429s: 2',
    ]);
  });

  test('tells how far a stopped replay came', () => {
    expect(closingLines(facts([MISS]), 9)).toEqual([
      'stopped after 1 of 9 requests (3 sent)',
      'wrong answers: 0, upstream 429s: unknown',
    ]);
  });

  test('tells when calls made for requests were not billed on exactly one answer each', () => {
    const line = (judgements: readonly Judgement[]) => closingLines(facts(judgements, usageWith(0)), 3);
    expect(line([MISS, MISS, MISS])).toContain('search units charged for requests: 2, but billed: 3');
    expect(line([MISS, MISS, WRONG]).join('\n')).not.toContain('billed');
    const unknown = { ...usageWith(0), byClient: undefined };
    expect(closingLines(facts([MISS, MISS, MISS], unknown), 3)).toEqual([
      'wrong answers: 0, upstream 429s: 0',
    ]);
  });

  test.each([
    ['everything was right', [MISS, MISS, MISS], usageWith(0), 0],
    ['nobody tells of the upstream', [MISS, MISS, MISS], undefined, 0],
    ['a request was rejected', [MISS, MISS, REJECTED], usageWith(0), 0],
    ['an answer did not come', [MISS, SILENCE, MISS], usageWith(0), 1],
    ['an answer was wrong', [MISS, WRONG, MISS], usageWith(0), 1],
    ['the upstream refused a call for its rate', [MISS, MISS, MISS], usageWith(1), 1],
    ['it was stopped before', [MISS, MISS], usageWith(0), 1],
  ] as const)('is told by the exit code when %s', (_, judgements, usage, code) => {
    expect(exitCode(facts(judgements, usage), 3)).toBe(code);
  });
});
