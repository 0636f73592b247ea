import { describe, expect, test } from 'vitest';
import type { Judgement } from '../../../src/tools/replay/answers/judge.ts';
import { Tally } from '../../../src/tools/replay/tally.ts';

const request = (number: number, client: string) => ({ number, client, queryId: 'q' });
const result = (judgement: Judgement, repetitions = 0) => ({ judgement, repetitions, finishedAt: 0 });
const served = (outcome: 'hit' | 'miss', queueMs: number, searchUnits = 0): Judgement => ({
  outcome,
  queueMs,
  searchUnits,
});

describe('a tally', () => {
  test('counts every request once, for its client and for all', () => {
    const tally = new Tally();
    tally.add(request(1, 'search'), result(served('miss', 10, 2)), 100);
    tally.add(request(2, 'search'), result(served('hit', 0), 2), 300);
    tally.add(
      request(3, 'chatbot'),
      result({ outcome: 'rejected', kind: '429 rate_limit_error', retryAfterMs: 1000 }, 2),
      9000,
    );
    tally.add(
      request(4, 'chatbot'),
      result({ outcome: 'error', kind: '502 server_error', retryAfterMs: undefined }),
      50,
    );

    expect(tally.figures('search')).toMatchObject({
      requests: 2,
      outcomes: { hit: 1, miss: 1, rejected: 0 },
      repetitions: 2,
      searchUnits: 2,
      queueMs: { p50: 0, p99: 10 },
      totalMs: { p50: 100, p99: 300 },
    });
    expect(tally.figures('chatbot')).toMatchObject({
      requests: 2,
      outcomes: { rejected: 1, error: 1, hit: 0 },
      kinds: new Map([
        ['429 rate_limit_error', 1],
        ['502 server_error', 1],
      ]),
      queueMs: { p50: undefined, p99: undefined },
    });
    const { requests, outcomes, repetitions } = tally.figures();
    expect(requests).toBe(4);
    expect(Object.values(outcomes).reduce((a, b) => a + b)).toBe(4);
    expect(repetitions).toBe(4);
  });

  test('counts all wrong answers and describes the first ten', () => {
    const tally = new Tally();
    for (let number = 1; number <= 12; number++) {
      tally.add(request(number, 'search'), result({ outcome: 'wrong', reason: `because ${number}` }), 1);
    }
    expect(tally.wrong).toBe(12);
    expect(tally.figures().outcomes.wrong).toBe(12);
    expect(tally.notes).toHaveLength(10);
    expect(tally.notes[9]).toEqual({ number: 10, client: 'search', queryId: 'q', reason: 'because 10' });
  });
});
