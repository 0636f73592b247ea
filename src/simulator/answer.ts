import { lexicalScores } from './lexical.ts';
import type { RerankRequest } from './request.ts';
import { searchUnits } from './search-units.ts';

/** Heroku's 200, which is Cohere's v2 shape. */
export interface RerankAnswer {
  readonly id: string;
  readonly results: readonly { readonly index: number; readonly relevance_score: number }[];
  readonly meta: {
    readonly api_version: { readonly version: '2'; readonly is_experimental: false };
    readonly billed_units: { readonly search_units: number };
  };
}

/** Ranks by score, highest first, ties by index, cut to `top_n`. What is billed doesn't depend on `top_n`. */
export function rerankAnswer(
  { query, documents, top_n }: RerankRequest,
  mode: 'pointwise' | 'listwise',
  id: string,
): RerankAnswer {
  const results = lexicalScores(query, documents, mode)
    .map((relevance_score, index) => ({ index, relevance_score }))
    .sort((a, b) => b.relevance_score - a.relevance_score || a.index - b.index)
    .slice(0, top_n);
  return {
    id,
    results,
    meta: {
      api_version: { version: '2', is_experimental: false },
      billed_units: { search_units: searchUnits(query, documents) },
    },
  };
}
