import { Portkey } from 'portkey-ai';
import { behaviours } from './behaviours.ts';
import { type Answer, type Ranked, ranked, shownError } from './client.ts';

behaviours({
  // It sends its key as `x-portkey-api-key`.
  name: 'portkey-ai',
  rank: async ({ url, key, signal }, { model, query, documents, topN }): Promise<Ranked[]> => {
    const client = new Portkey({ apiKey: key, baseURL: `${url}/v1` });
    const body = { model, query, documents, top_n: topN };
    const answer = await client.post('/rerank', body, undefined, signal && ({ signal } as object));
    return ranked(answer as unknown as Answer);
  },
  shown: shownError,
  kinds: {
    400: 'BadRequestError',
    401: 'AuthenticationError',
    403: 'PermissionDeniedError',
    404: 'NotFoundError',
    413: 'APIError',
    429: 'RateLimitError',
    502: 'InternalServerError',
    503: 'InternalServerError',
    504: 'InternalServerError',
  },
  again: { 429: 'never', 503: 'at once' },
  leaves: 'never',
});
