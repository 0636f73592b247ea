/** Rerank as its callers see it: Cohere's request and answer. */

import { unmarked } from '../../json/exact-numbers.ts';
import type { Api } from '../api.ts';
import { rank } from './ranking.ts';
import { parseRequest, type RerankRequest } from './request.ts';

export const RERANK_API: Api<RerankRequest, Float64Array> = {
  parse: parseRequest,
  textsField: 'documents',
  repeats: ({ returnDocuments }) => returnDocuments,
  answer({ id, request, reply, positions, warnings }) {
    const { originals, returnDocuments, topN } = request;
    const body = {
      id,
      results: rank(reply.values, positions, topN).map(({ index, score }) => ({
        index,
        relevance_score: score,
        ...(returnDocuments ? { document: asReturned(originals[index]!) } : undefined),
      })),
      meta: {
        api_version: { version: '2', is_experimental: false },
        billed_units: { search_units: reply.spent },
        ...(warnings.length > 0 ? { warnings } : undefined),
      },
    };
    return unmarked(JSON.stringify(body));
  },
};

const asReturned = (original: RerankRequest['originals'][number]): object =>
  typeof original === 'string' ? { text: original } : original;
