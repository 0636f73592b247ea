/** Answers of the upstream, as bytes on the wire. */

import fc from 'fast-check';

export interface Result {
  index: unknown;
  relevance_score: unknown;
}

export const answerOf = (results: unknown, meta: unknown = { billed_units: { search_units: 1 } }): string =>
  JSON.stringify({ id: 'some-id', results, meta });

/** Whatever a model may give: more is no score (see heroku-wire.ts). */
const score = fc.double({ noNaN: true, min: -1e6, max: 1e6 });
const scores = fc.array(score, { minLength: 1, maxLength: 12 });

/** Complete answers: the scores in the documents’ order, and the results in any order. */
export const complete = scores.chain((values) => {
  const results = values.map((relevance_score, index) => ({ index, relevance_score }));
  return fc.record({
    // JSON knows no -0.
    values: fc.constant(values.map((value) => JSON.parse(JSON.stringify(value)) as number)),
    results: fc.shuffledSubarray<Result>(results, { minLength: results.length }),
  });
});
