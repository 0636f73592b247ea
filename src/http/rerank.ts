/** `POST /v1/rerank`: from a request's bytes to the scorer, and from its scores to the answer. */

import type { Context, Handler } from 'hono';
import { Blamed, named } from '../calls/blame.ts';
import { type ByteBudget, type Claim, SMALL_BYTES } from '../calls/byte-budget.ts';
import { RerankError } from '../calls/errors.ts';
import { identify } from '../calls/identity.ts';
import { outcomeOf } from '../calls/outcome.ts';
import type { Ask, CacheTerms, Granularity, Scorer, Scores } from '../calls/scoring.ts';
import { Turns } from '../calls/turns.ts';
import { distinct, rank } from '../endpoints/rerank/ranking.ts';
import { parseRequest, type RerankRequest } from '../endpoints/rerank/request.ts';
import { chooseModel } from './access.ts';
import { readBody } from './body.ts';
import type { Callers } from './callers.ts';
import type { GatewayEnv } from './context.ts';
import { cacheTerms, patience, traceContext, urgency } from './preferences.ts';
import { rerankResponse } from './respond.ts';
import { whenWritten } from './written.ts';

export interface RerankOptions {
  readonly scorer: Scorer;
  readonly callers: Callers;
  readonly models: readonly string[];
  /** What a model's scores are reused for, now. */
  readonly granularityOf: (model: string) => Granularity;
  /** What separates caches that must not answer one another, now. */
  readonly scopeOf: (model: string, client: string) => readonly string[];
  readonly maxWaitMs: number;
  readonly maxBodyBytes: number;
  readonly budget: ByteBudget;
}

const milder = (index: number): string =>
  `documents[${index}] is refused by the firewall in front of the upstream: scored without its URL schemes and markup`;

const NO_CACHE: Partial<CacheTerms> = { read: false, write: false };

export const rerank = (options: RerankOptions): Handler<GatewayEnv> => {
  const { scorer, callers, models, granularityOf, scopeOf, maxWaitMs, maxBodyBytes, budget } = options;
  const turns = new Turns();

  /**
   * Reads and parses a request. A function of its own, so that the bytes and the text of the body are gone when it is
   * over: what waits for an answer are its parts.
   */
  const receive = async (c: Context<GatewayEnv>): Promise<{ request: RerankRequest; claim: Claim }> => {
    const { bytes: body, claim } = await readBody(c, {
      maxBytes: maxBodyBytes,
      timeoutMs: maxWaitMs,
      budget,
    });
    try {
      await (body.length > SMALL_BYTES ? turns.next() : turns.short());
      const { request, bytes } = parseRequest(body);
      claim.resize(bytes);
      return { request, claim };
    } catch (thrown) {
      claim.release();
      throw thrown;
    }
  };

  /** Scores the distinct documents of a request, on the terms of its headers. */
  const score = async (
    c: Context<GatewayEnv>,
    model: string,
    request: RerankRequest,
    documents: readonly string[],
    hold: Ask['hold'],
  ) => {
    const { name: client } = c.get('caller');
    const asked = cacheTerms(c.req.header('cache-control'));
    const granularity = granularityOf(model);
    const cache = granularity === 'off' ? { ...asked, ...NO_CACHE } : asked;
    const whole = granularity !== 'document';
    const { query } = request;
    const call = callers.open(c.req.raw.signal, () => new RerankError('client_gone'));
    try {
      const scores: Scores = await scorer.score({
        model,
        query,
        documents,
        identity: identify({ scope: scopeOf(model, client), model, query, documents, whole }),
        cache,
        terms: {
          client,
          urgency: urgency(c.req.header('priority')),
          deadline: c.get('record').startedAt + patience(c.req.header('prefer'), maxWaitMs),
          signal: call.signal,
        },
        traceparent: traceContext(c.req.header('traceparent')),
        hold,
      });
      return { scores, served: outcomeOf(scores, !cache.read) };
    } finally {
      call.close();
    }
  };

  const answer = async (
    c: Context<GatewayEnv>,
    request: RerankRequest,
    hold: Ask['hold'],
  ): Promise<Response> => {
    const record = c.get('record');
    record.documents = request.texts.length;
    const model = chooseModel(c.get('caller'), models, request.model);
    record.model = model;

    const { documents, positions } = distinct(request.texts);
    const indexOf = (place: number): number => positions.indexOf(place);
    const { scores, served } = await score(c, model, request, documents, hold).catch((thrown) => {
      throw thrown instanceof Blamed ? named(thrown, indexOf) : thrown;
    });
    record.outcome = served;
    record.sources = scores.sources;
    record.searchUnits = scores.searchUnits;
    record.timing = scores.timing;

    const ranked = rank(scores.values, positions, request.topN);
    const warnings = [...request.warnings, ...(scores.defanged ?? []).map((place) => milder(indexOf(place)))];
    return rerankResponse({ request, ranked, scores, served, record, warnings });
  };

  return async function rerank(c) {
    const { request, claim } = await receive(c);
    let written = (): void => claim.release();
    try {
      const response = await answer(c, request, claim.share);
      // Else the answer is small, however large the request.
      if (request.returnDocuments)
        written = () => whenWritten(c.env?.outgoing, maxWaitMs, () => claim.release());
      return response;
    } finally {
      written();
    }
  };
};
