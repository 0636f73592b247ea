/** Embeddings as their callers see them: OpenAI's request and answer. */

import { invalidField } from '../../calls/errors.ts';
import type { Api } from '../api.ts';
import { type EmbeddingsRequest, parseRequest } from './request.ts';
import { toJson, type Vectors } from './vector.ts';
import type { Kind } from './wire.ts';

/** The numbers of a vector of each model, as far as they are known. */
const DIMENSIONS: ReadonlyMap<string, number> = new Map([
  ['cohere-embed-multilingual', 1024],
  ['cohere-embed-v4', 1536],
]);

export const EMBEDDINGS_API: Api<EmbeddingsRequest, Vectors> = {
  parse: parseRequest,
  billedIn: 'tokens',
  check({ dimensions }, model) {
    if (dimensions === undefined || dimensions === DIMENSIONS.get(model)) return;
    const only = DIMENSIONS.get(model);
    throw invalidField(
      'dimensions',
      only === undefined ? 'must be left out.' : `must be ${only}, or left out.`,
    );
  },
  dependsOn: ({ inputType, embeddingType }): Kind => [inputType, embeddingType],
  repeats: () => false,
  answer({ request, model, reply, positions, warnings }) {
    // JSON by hand: two thousand vectors would be two million numbers in lists, only to be serialized.
    const written = reply.values.map((vector) => toJson(vector, request.encoding));
    const data = Array.from(
      positions,
      (position, index) => `{"object":"embedding","index":${index},"embedding":${written[position]!}}`,
    );
    const usage = { prompt_tokens: reply.spent, total_tokens: reply.spent };
    const meta = warnings.length > 0 ? `,"meta":${JSON.stringify({ warnings })}` : '';
    return `{"object":"list","data":[${data.join()}],"model":${JSON.stringify(model)},"usage":${JSON.stringify(usage)}${meta}}`;
  },
};
