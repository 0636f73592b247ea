/** `POST /v1/rerank`: from a request's bytes to the scorer, and from its scores to the answer. */

import type { Context, Handler } from 'hono';
import { RerankError } from '../rerank/errors.ts';
import { identify } from '../rerank/identity.ts';
import { outcomeOf } from '../rerank/outcome.ts';
import { distinct, rank } from '../rerank/ranking.ts';
import { parseRequest, type RerankRequest } from '../rerank/request.ts';
import type { CacheTerms, Scorer, Scores } from '../rerank/scoring.ts';
import { chooseModel } from './access.ts';
import { readBody } from './body.ts';
import type { Callers } from './callers.ts';
import type { GatewayEnv } from './context.ts';
import { cacheTerms, patience, urgency } from './preferences.ts';
import { rerankResponse } from './respond.ts';

export interface RerankOptions {
  readonly scorer: Scorer;
  readonly callers: Callers;
  readonly models: readonly string[];
  /** Models whose scores are neither looked up nor kept. */
  readonly uncached: ReadonlySet<string>;
  /** One client's scores never answer another. */
  readonly scopedByClient: boolean;
  readonly maxWaitMs: number;
  readonly maxBodyBytes: number;
}

const NO_CACHE: Partial<CacheTerms> = { read: false, write: false };

export const rerank = (options: RerankOptions): Handler<GatewayEnv> => {
  const { scorer, callers, models, uncached, scopedByClient, maxWaitMs, maxBodyBytes } = options;

  /** Scores the distinct documents of a request, on the terms of its headers. */
  const score = async (
    c: Context<GatewayEnv>,
    model: string,
    request: RerankRequest,
    documents: readonly string[],
  ) => {
    const { name: client } = c.get('caller');
    const asked = cacheTerms(c.req.header('cache-control'));
    const cache = uncached.has(model) ? { ...asked, ...NO_CACHE } : asked;
    const { query } = request;
    const call = callers.open(c.req.raw.signal, () => new RerankError('client_gone'));
    try {
      const scores: Scores = await scorer.score({
        model,
        query,
        documents,
        identity: identify({ scope: scopedByClient ? client : '', model, query, documents }),
        cache,
        terms: {
          client,
          urgency: urgency(c.req.header('priority')),
          deadline: c.get('record').startedAt + patience(c.req.header('prefer'), maxWaitMs),
          signal: call.signal,
        },
        traceparent: c.req.header('traceparent'),
      });
      return { scores, served: outcomeOf(scores, !cache.read) };
    } finally {
      call.close();
    }
  };

  return async function rerank(c) {
    const record = c.get('record');
    const body = await readBody(c, { maxBytes: maxBodyBytes, timeoutMs: maxWaitMs });
    const request = parseRequest(body);
    record.documents = request.texts.length;
    const model = chooseModel(c.get('caller'), models, request.model);
    record.model = model;

    const { documents, positions } = distinct(request.texts);
    const { scores, served } = await score(c, model, request, documents);
    record.outcome = served;
    record.sources = scores.sources;
    record.searchUnits = scores.searchUnits;
    record.timing = scores.timing;

    const ranked = rank(scores.values, positions, request.topN);
    return rerankResponse({ request, ranked, scores, served, record });
  };
};
