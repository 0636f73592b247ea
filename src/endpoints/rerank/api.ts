/** Rerank as its callers see it: Cohere's request and answer. */

import { unmarked } from '../../json/exact-numbers.ts';
import type { Api } from '../api.ts';
import { rank } from './ranking.ts';
import { parseRequest, type RerankRequest } from './request.ts';

export const RERANK_API: Api<RerankRequest, Float64Array> = {
  parse: parseRequest,
  repeats: ({ returnDocuments }) => returnDocuments,
  answer({ id, request, reply, positions, warnings }) {
    const { originals, returnDocuments, topN } = request;
    // JSON by hand: a thousand objects would be built only to be serialized.
    const results = rank(reply.values, positions, topN).map(({ index, score }) => {
      const document = returnDocuments ? `,"document":${JSON.stringify(asReturned(originals[index]!))}` : '';
      return `{"index":${index},"relevance_score":${score}${document}}`;
    });
    const meta = {
      api_version: { version: '2', is_experimental: false },
      billed_units: { search_units: reply.spent },
      ...(warnings.length > 0 ? { warnings } : undefined),
    };
    const body = `{"id":${JSON.stringify(id)},"results":[${results.join(',')}],"meta":${JSON.stringify(meta)}}`;
    return unmarked(body);
  },
};

const asReturned = (original: RerankRequest['originals'][number]): object =>
  typeof original === 'string' ? { text: original } : original;
