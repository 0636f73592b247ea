/** Rerank as its callers see it: Cohere's request and answer. */

import { unmarked } from '../../json/exact-numbers.ts';
import type { Api } from '../api.ts';
import { rank } from './ranking.ts';
import { parseRequest, type RerankRequest } from './request.ts';

export const RERANK_API: Api<RerankRequest, Float64Array> = {
  parse: parseRequest,
  billedIn: 'searchUnits',
  repeats: ({ returnDocuments }) => returnDocuments,
  answer({ id, request, reply, positions, warnings }) {
    const { originals, returnDocuments, topN } = request;
    const scores = new Float64Array(positions.length);
    for (let index = 0; index < scores.length; index++) scores[index] = reply.values[positions[index]!]!;
    // JSON by hand: a thousand objects would be built only to be serialized.
    let results = '';
    for (const index of rank(scores, topN)) {
      const document = returnDocuments ? `,"document":${JSON.stringify(asReturned(originals[index]!))}` : '';
      results += `${results && ','}{"index":${index},"relevance_score":${scores[index]}${document}}`;
    }
    const named = warnings.length > 0 ? `,"warnings":${JSON.stringify(warnings)}` : '';
    const meta = `${VERSION},"billed_units":{"search_units":${reply.spent}}${named}`;
    const body = `{"id":${JSON.stringify(id)},"results":[${results}],"meta":{${meta}}}`;
    return returnDocuments ? unmarked(body) : body;
  },
};

const VERSION = '"api_version":{"version":"2","is_experimental":false}';

const asReturned = (original: RerankRequest['originals'][number]): object =>
  typeof original === 'string' ? { text: original } : original;
