/** The right scores, if the upstream is our own simulator: its scoring is a pure function. */

import { lexicalScores } from '../../simulator/lexical.ts';
import type { ReplayRequest } from './corpus.ts';

/** Heroku's limits of one attachment, calls a minute; also the models that our simulator has. */
export const LIMITS: Readonly<Record<string, number>> = {
  'cohere-rerank-3-5': 250,
  'amazon-rerank-1-0': 200,
};

/** Models whose scores depend on the companion documents in the simulator, and perhaps in production. */
export const LISTWISE: readonly string[] = ['amazon-rerank-1-0'];

export type Asked = Pick<ReplayRequest, 'model' | 'query' | 'documents'>;

/** The score of each document of a request, in the request's order. */
export type Expected = (asked: Asked) => number[];

/**
 * The simulator's scores. Those of pairs are cached: traces repeat them ten times over, and computing them would delay
 * sending and measuring.
 * @param listwise models whose scores depend on the companion documents
 */
export const createExpected = (listwise: readonly string[]): Expected => {
  const pairs = new Map<string, Map<string, number>>();
  return ({ model, query, documents }) => {
    if (listwise.includes(model)) return lexicalScores(query, documents, 'listwise');
    const known = pairs.get(query) ?? new Map<string, number>();
    pairs.set(query, known);
    const unknown = documents.filter((document) => !known.has(document));
    lexicalScores(query, unknown, 'pointwise').forEach((score, i) => {
      known.set(unknown[i]!, score);
    });
    return documents.map((document) => known.get(document)!);
  };
};
