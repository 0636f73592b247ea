import { createCohere } from '@ai-sdk/cohere';
import { rerank } from 'ai';
import { describe, expect, test } from 'vitest';
import { COHERE, KEYS, startTestGateway } from '../support/gateway.ts';
import { ask, best } from './bed.ts';
import { behaviours } from './behaviours.ts';
import { shownError } from './client.ts';

const modelOf = (model: string, apiKey: string, baseURL: string) =>
  createCohere({ apiKey, baseURL }).reranking(model);

type Options = Parameters<typeof rerank>[0];

const rankWith = async (options: Options) =>
  (await rerank(options)).ranking.map(({ originalIndex: index, score }) => ({ index, score }));

behaviours({
  name: 'ai with @ai-sdk/cohere',
  rank: ({ url, key, retries, signal }, { model, query, documents, topN }) =>
    rankWith({
      model: modelOf(model, key, `${url}/v1`),
      query,
      documents: [...documents],
      topN,
      ...(retries ? {} : { maxRetries: 0 }),
      ...(signal && { abortSignal: signal }),
    }),
  shown: shownError,
  // One class for all; it has the status, and of the body the message.
  kinds: {
    400: 'APICallError',
    401: 'APICallError',
    403: 'APICallError',
    404: 'APICallError',
    413: 'APICallError',
    429: 'APICallError',
    502: 'APICallError',
    503: 'APICallError',
    504: 'APICallError',
  },
  again: { 429: 'as told', 503: 'as told' },
  ownPause: 2,
  leaves: 'by a signal',
  left: { kind: 'DOMException', message: 'This operation was aborted' },
});

describe('ai with @ai-sdk/cohere', () => {
  test.each(['', '/', '/v1', '/v1/', '/v2'])(
    'reranks with baseURL = the gateway’s URL + "%s"',
    async (path) => {
      const gateway = await startTestGateway();
      const { query, documents, topN } = ask();
      const model = modelOf(COHERE, KEYS.search, `${gateway.url}${path}`);
      expect(await rankWith({ model, query, documents: [...documents], topN })).toEqual(
        best({ model: COHERE, query, documents, topN }),
      );
      await gateway.stop();
    },
  );
});
