import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { distinct } from '../../../src/calls/distinct.ts';
import { RERANK_API } from '../../../src/endpoints/rerank/api.ts';
import { rank } from '../../../src/endpoints/rerank/ranking.ts';
import { aCall, scoresOf } from '../../support/fakes.ts';

/** Takes, again and again, the best of what is left. */
const bruteForce = (scores: readonly number[], topN: number): number[] => {
  const left = scores.map((score, index) => ({ index, score }));
  const ranked: number[] = [];
  while (left.length > 0 && ranked.length < topN) {
    let best = 0;
    left.forEach(({ score }, i) => {
      if (score > left[best]!.score) best = i;
    });
    ranked.push(...left.splice(best, 1).map(({ index }) => index));
  }
  return ranked;
};

/** The results of an answer. @param positions for each document its place among the values */
const resultsOf = (values: Float64Array, positions: Uint16Array) => {
  const texts = Array.from(positions, String);
  const body = JSON.stringify({ query: 'q', documents: texts });
  const { request } = RERANK_API.parse(Buffer.from(body));
  const reply = scoresOf(aCall({ items: texts }), { values });
  const answer = RERANK_API.answer({ id: 'id', request, model: 'm', reply, positions, warnings: [] });
  return JSON.parse(answer).results as { index: number; relevance_score: number }[];
};

/** Few values, so that ties are common. */
const score = fc.oneof(
  fc.constantFrom(0, -0, 0.5, 1, -1, Number.MAX_VALUE, -Number.MAX_VALUE, Number.MIN_VALUE),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);
const scores = fc.array(score, { minLength: 1, maxLength: 30 });

describe('a ranking', () => {
  test('is what one gets by taking the best of the rest, ties by index, again and again', () => {
    fc.assert(
      fc.property(scores, fc.integer({ min: 1, max: 40 }), (values, topN) => {
        expect([...rank(Float64Array.from(values), topN)]).toEqual(bruteForce(values, topN));
      }),
    );
  });

  test('cut to any length is the beginning of the whole ranking', () => {
    fc.assert(
      fc.property(scores, (values) => {
        const whole = rank(Float64Array.from(values));
        expect(whole).toHaveLength(values.length);
        for (let n = 1; n <= values.length + 1; n++) {
          expect(rank(Float64Array.from(values), n)).toEqual(whole.slice(0, n));
        }
      }),
    );
  });

  test('keeps every score bit for bit', () => {
    const values = Float64Array.of(0.1 + 0.2, 1e21, Number.MIN_VALUE, 1 - Number.EPSILON / 2);
    for (const { index, relevance_score: score } of resultsOf(values, Uint16Array.of(0, 1, 2, 3))) {
      expect(Object.is(score, values[index])).toBe(true);
    }
  });

  test('gives each duplicate a place of its own, with the score of its text', () => {
    const { items: documents, positions } = distinct(['b', 'a', 'b', 'c', 'a']);
    expect(documents).toEqual(['b', 'a', 'c']);
    expect(resultsOf(Float64Array.of(0.2, 0.9, 0.2), positions)).toEqual([
      { index: 1, relevance_score: 0.9 },
      { index: 4, relevance_score: 0.9 },
      { index: 0, relevance_score: 0.2 },
      { index: 2, relevance_score: 0.2 },
      { index: 3, relevance_score: 0.2 },
    ]);
  });
});

describe('the distinct documents', () => {
  const texts = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', ' ', 'é'), maxLength: 2 }), {
    maxLength: 30,
  });

  test('are each text once, in order of first appearance', () => {
    fc.assert(
      fc.property(texts, (given) => {
        const { items: documents } = distinct(given);
        expect(documents).toEqual(given.filter((text, i) => given.indexOf(text) === i));
      }),
    );
  });

  test('stand where the positions say', () => {
    fc.assert(
      fc.property(texts, (given) => {
        const { items: documents, positions } = distinct(given);
        expect([...positions].map((position) => documents[position])).toEqual(given);
      }),
    );
  });
});
