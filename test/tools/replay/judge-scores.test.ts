import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { rank } from '../../../src/endpoints/rerank/ranking.ts';
import { type Answer, type Asked, judge } from '../../../src/tools/replay/answers/judge.ts';
import { ASKED, ranked } from './answers.ts';

const wrong = (reason: string | RegExp) => ({ outcome: 'wrong', reason: expect.stringMatching(reason) });
const entry = (index: number, relevance_score: number) => ({ index, relevance_score });

describe('scores that are known', () => {
  const score = fc.double({ min: 0, max: 1, noNaN: true });
  /** With ties: they are where ranking goes wrong. */
  const scores = fc.array(fc.oneof(score, fc.constantFrom(0.25, 0.5)), { minLength: 1, maxLength: 12 });
  const topN = fc.option(fc.integer({ min: 1, max: 15 }), { nil: undefined });

  const asked = (expected: readonly number[], n?: number): Asked => ({
    ...ASKED,
    documents: expected.length,
    topN: n,
    expected: () => expected,
  });
  const answerTo = (values: readonly number[], n?: number): Answer => {
    const order = [...rank(Float64Array.from(values), n)];
    return ranked(...order.map((index) => entry(index, values[index]!)));
  };

  test('are accepted however they rank', () => {
    fc.assert(
      fc.property(scores, topN, (values, n) => {
        expect(judge(answerTo(values, n), asked(values, n))).toMatchObject({ outcome: 'miss' });
      }),
    );
  });

  test('are refused when two documents have each other’s', () => {
    fc.assert(
      fc.property(scores, fc.nat(), fc.nat(), (values, a, b) => {
        const [i, j] = [a % values.length, b % values.length];
        fc.pre(values[i] !== values[j]);
        const swapped = values.map((value, at) => (at === i ? values[j]! : at === j ? values[i]! : value));
        expect(judge(answerTo(swapped), asked(values))).toEqual(wrong(/^results\[/));
      }),
    );
  });

  test('are refused when one differs in its last bit', () => {
    const values = [0.1 + 0.2, 0.1];
    expect(judge(answerTo([0.3, 0.1]), asked(values))).toEqual(wrong('results\\[0\\] has a score'));
    expect(judge(answerTo(values), asked(values))).toMatchObject({ outcome: 'miss' });
  });

  test('are refused when a better document was cut off', () => {
    const answer = ranked(entry(1, 0.5));
    expect(judge(answer, asked([0.9, 0.5, 0.1], 1))).toEqual(wrong('is not what ranks there'));
  });
});
