import { CohereRerank } from '@langchain/cohere';
import { CohereClient } from 'cohere-v7';
import { behaviours } from './behaviours.ts';
import { KINDS, shown, TIMED_OUT } from './cohere.ts';

type Options = ConstructorParameters<typeof CohereRerank>[0];

behaviours({
  name: '@langchain/cohere with a CohereClient',
  rank: async ({ url, key, retries, timeout }, { model, query, documents, topN }) => {
    const client = new CohereClient({
      token: key,
      environment: url,
      ...(retries ? {} : { maxRetries: 0 }),
      ...(timeout === undefined ? {} : { timeoutInSeconds: timeout }),
    });
    // Its own copy of the package has types of its own.
    const reranker = new CohereRerank({ client, model, topN } as unknown as Options);
    const pages = documents.map((pageContent) => ({ pageContent, metadata: {} as Record<string, unknown> }));
    const found = await reranker.compressDocuments(pages, query);
    return found.map(({ pageContent, metadata }) => ({
      index: documents.indexOf(pageContent),
      score: Number(metadata.relevanceScore),
    }));
  },
  shown,
  kinds: KINDS,
  again: { 429: 'as told', 503: 'as told' },
  ownPause: 1,
  leaves: 'by a time-out',
  left: TIMED_OUT,
});
