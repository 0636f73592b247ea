/** Measures an embedding model, one call after the other. */

import type { Transport } from '../transport.ts';
import { type Embedded, findings, isSound, readEmbedded } from './findings.ts';
import { EMBEDDING_CALLS, type EmbeddingCall, type PlannedEmbedding } from './plan.ts';

export const CALLS_OF_AN_EMBEDDER = Object.keys(EMBEDDING_CALLS).length;

/** After these the others would bring nothing else. */
const USELESS = /^(401|403|404|429) |^no answer/;

export const probeEmbedder = async (
  model: string,
  { post }: Pick<Transport, 'post'>,
): Promise<{ readonly lines: readonly string[]; readonly complete: boolean }> => {
  const all: Partial<Record<EmbeddingCall, Embedded>> = {};
  let calls = 0;
  for (const [name, planned] of Object.entries(EMBEDDING_CALLS) as [EmbeddingCall, PlannedEmbedding][]) {
    calls++;
    const body = JSON.stringify({ model, input: planned.input, ...planned.fields });
    const embedded = readEmbedded(await post('/v1/embeddings', body), planned.input.length);
    all[name] = embedded;
    if (!planned.edge && USELESS.test(embedded.refusal)) break;
  }
  const failed = Object.entries(all).find(
    ([name, { vectors }]) => vectors === undefined && !EMBEDDING_CALLS[name as EmbeddingCall].edge,
  );
  return {
    lines: [
      `${model} (${calls} calls)`,
      ...findings(all),
      ...(failed ? [`  no vectors        ${failed[0]}: ${failed[1].refusal}`] : []),
      '',
    ],
    complete: isSound(all),
  };
};
