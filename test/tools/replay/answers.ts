/** Right answers, to be spoilt. */

import type { Answer, Asked } from '../../../src/tools/replay/answers/judge.ts';

export const REQUEST_ID = 'replay-0123456789abcdef';
export const ASKED: Asked = { documents: 3, topN: undefined, expected: undefined, requestId: REQUEST_ID };

export const BODY = {
  id: 'an-id',
  results: [
    { index: 2, relevance_score: 0.9 },
    { index: 0, relevance_score: 0.5 },
    { index: 1, relevance_score: 0.5 },
  ],
  meta: { api_version: { version: '2', is_experimental: false }, billed_units: { search_units: 1 } },
};

export const HEADERS = {
  'content-type': 'application/json; charset=utf-8',
  'x-request-id': REQUEST_ID,
  'cache-status': 'rerank-gateway; fwd=miss; stored',
  'server-timing': 'auth;dur=0.10, cache;dur=0.00, queue;dur=12.34, upstream;dur=80.00',
};

type Headers = Readonly<Record<string, string | undefined>>;

export const ok = (body: unknown = BODY, headers: Headers = {}): Answer => ({
  status: 200,
  headers: { ...HEADERS, ...headers },
  body: typeof body === 'string' ? body : JSON.stringify(body),
});

/** A ranking of three documents with other results. */
export const ranked = (...results: unknown[]): Answer => ok({ ...BODY, results });

export const refusal = (
  status: number,
  type: string,
  { headers = {}, body = {} }: { headers?: Headers; body?: object } = {},
): Answer => ({
  status,
  headers: { 'content-type': HEADERS['content-type'], 'x-request-id': REQUEST_ID, ...headers },
  body: JSON.stringify({
    id: REQUEST_ID,
    message: 'No.',
    error: { code: status, message: 'No.', type },
    ...body,
  }),
});
