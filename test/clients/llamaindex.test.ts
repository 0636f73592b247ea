import { CohereRerank } from '@llamaindex/cohere';
import { TextNode } from '@llamaindex/core/schema';
import { behaviours } from './behaviours.ts';
import { KINDS, shown, TIMED_OUT } from './cohere.ts';

behaviours({
  name: '@llamaindex/cohere',
  rank: async ({ url, key, timeout }, { model, query, documents, topN }) => {
    const reranker = new CohereRerank({
      apiKey: key,
      baseUrl: url,
      model,
      topN,
      ...(timeout === undefined ? {} : { timeout }),
    });
    const nodes = documents.map((text) => new TextNode({ text }));
    const found = await reranker.postprocessNodes(
      nodes.map((node) => ({ node })),
      query,
    );
    return found.map(({ node, score = Number.NaN }) => ({ index: nodes.indexOf(node as TextNode), score }));
  },
  shown,
  kinds: KINDS,
  again: { 429: 'at once', 503: 'at once' },
  leaves: 'by a time-out',
  left: TIMED_OUT,
});
