/** Heroku Inference's wire format for rerank: our call as its request, its answer as scores. */

import type { Wire, WireCall } from '../../calls/endpoint.ts';
import { RerankError } from '../../calls/errors.ts';
import { type Body, bodyWith } from '../../calls/item.ts';

export interface Answer {
  readonly values: Float64Array;
  /** Search units: as the answer states; otherwise the cost of so many documents if none is long. */
  readonly spent: number;
  /** Whether the answer states its cost. */
  readonly unitsStated: boolean;
}

const garbage = (): RerankError => new RerankError('upstream_garbage', undefined, { upstreamStatus: 200 });

const DOCUMENTS_PER_SEARCH_UNIT = 100;

/**
 * Reads a 200. Every document must have exactly one finite score, or the whole answer is rejected: a score on the wrong
 * document is worse than an error.
 */
export const readAnswer = (body: string, documents: number): Answer => {
  const answer = parse(body) as {
    results?: unknown;
    meta?: { billed_units?: { search_units?: unknown } };
  } | null;
  const results = answer?.results;
  if (!Array.isArray(results) || results.length !== documents) throw garbage();
  const values = new Float64Array(documents).fill(Number.NaN);
  for (const result of results) {
    const { index, relevance_score: score } = (result ?? {}) as {
      index?: unknown;
      relevance_score?: unknown;
    };
    if (!Number.isInteger(index) || !isScore(score) || !Number.isNaN(values[index as number])) {
      throw garbage();
    }
    // JSON can hold −0, but `JSON.stringify` writes it as 0.
    values[index as number] = score + 0;
  }
  const units = answer?.meta?.billed_units?.search_units;
  const unitsStated = typeof units === 'number' && Number.isFinite(units) && units >= 0;
  const spent = unitsStated ? units : Math.ceil(documents / DOCUMENTS_PER_SEARCH_UNIT);
  return { values, spent, unitsStated };
};

/** Scores are usually in [0, 1]. Others are accepted, but no model gives any like 10³⁰⁰. */
const MOST_SCORE = 1e6;

const isScore = (value: unknown): value is number =>
  typeof value === 'number' && Math.abs(value) <= MOST_SCORE;

const parse = (body: string): unknown => {
  try {
    return JSON.parse(body);
  } catch {
    throw garbage();
  }
};

/** Requests the whole ranking, whatever the caller's `top_n`. Only fields that Heroku documents. */
const requestBody = ({ model, query, items }: WireCall): Body =>
  bodyWith(`${JSON.stringify({ model, query }).slice(0, -1)},"documents":`, items, '}');

export const wire: Wire<Float64Array> = {
  path: '/v1/rerank',
  request: requestBody,
  answer: (body, { items }) => readAnswer(body, items.length),
  // 1,000 results of about 60 bytes each; anything much larger is no rerank answer.
  maxAnswerBytes: 1_000_000,
};
