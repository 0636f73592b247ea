/** A POST to an endpoint: from a request's bytes to the column, and from its reply to the answer. */

import type { Context, Handler } from 'hono';
import { Blamed, named } from '../calls/blame.ts';
import { type ByteBudget, type Claim, SMALL_BYTES } from '../calls/byte-budget.ts';
import type { CacheDirectives, Granularity, ItemCall, ItemReply, ItemService } from '../calls/call.ts';
import type { Distinct } from '../calls/distinct.ts';
import { RerankError } from '../calls/errors.ts';
import { type Identity, identify } from '../calls/identity.ts';
import { outcomeOf } from '../calls/outcome.ts';
import { Turns } from '../calls/turns.ts';
import type { Values } from '../calls/values.ts';
import type { Api, Asked } from '../endpoints/api.ts';
import { chooseModel } from './access.ts';
import { readBody } from './body.ts';
import type { Callers } from './callers.ts';
import type { GatewayEnv, RequestRecord } from './context.ts';
import { cacheTerms, patience, traceContext, urgency } from './preferences.ts';
import { okResponse } from './respond.ts';
import { whenWritten } from './written.ts';

export interface EndpointOptions<V extends Values> {
  readonly service: ItemService<V>;
  readonly callers: Callers;
  readonly models: readonly string[];
  /** What a model's values are reused for now. */
  readonly granularityOf: (model: string) => Granularity;
  /** Separates caches that must not share values. Changes with each purge. */
  readonly scopeOf: (model: string, client: string) => readonly string[];
  readonly maxWaitMs: number;
  readonly maxBodyBytes: number;
  readonly budget: ByteBudget;
  readonly keeper?: Keeper | undefined;
}

/** Keeps whole answers, for callers that send the very same request again. */
export interface Keeper {
  /**
   * To be called in the same synchronous step as the look-up in the caches: what an answer depends on may have changed when
   * the answer is there.
   * @returns a function that keeps the answer; undefined: it must not be kept
   */
  begin(incoming: object, model: string, identity: Identity): ((hit: Hit) => void) | undefined;
}

/** An answer from caches alone. */
export interface Hit {
  /** JSON. */
  readonly body: string;
  readonly record: RequestRecord;
  readonly reply: ItemReply<Values>;
}

const milder = (field: string, index: number): string =>
  `${field}[${index}] is refused by the firewall in front of the upstream: sent without its URL schemes and markup`;

const NO_CACHE: Partial<CacheDirectives> = { read: false, write: false };

/** Answers the requests of one endpoint. */
export const endpoint = <R extends Asked, V extends Values>(
  api: Api<R, V>,
  options: EndpointOptions<V>,
): Handler<GatewayEnv> => {
  const { service, callers, models, granularityOf, scopeOf, maxWaitMs, maxBodyBytes, budget, keeper } =
    options;
  const turns = new Turns();

  /**
   * Reads and parses a request. A function of its own, so that the bytes and the text of the body can be freed when it
   * returns: only the parsed request waits for the answer.
   */
  const receive = async (c: Context<GatewayEnv>): Promise<{ request: R; claim: Claim }> => {
    const { bytes: body, claim } = await readBody(c, {
      maxBytes: maxBodyBytes,
      timeoutMs: maxWaitMs,
      budget,
    });
    try {
      await (body.length > SMALL_BYTES ? turns.next() : turns.short());
      const { request, bytes } = api.parse(body);
      claim.resize(bytes);
      return { request, claim };
    } catch (thrown) {
      claim.release();
      throw thrown;
    }
  };

  /** Calls the column for the distinct texts of a request, on the terms of its headers. */
  const call = async (
    c: Context<GatewayEnv>,
    model: string,
    request: R,
    texts: Distinct,
    hold: ItemCall['hold'],
  ) => {
    const { name: client } = c.get('caller');
    const asked = cacheTerms(c.req.header('cache-control'));
    const granularity = granularityOf(model);
    const cache = granularity === 'off' ? { ...asked, ...NO_CACHE } : asked;
    const whole = granularity !== 'document';
    const { query } = request;
    const dependsOn = api.dependsOn?.(request) ?? [];
    const scope = [...scopeOf(model, client), ...dependsOn];
    const identity = identify({ scope, model, query, digests: texts.digests, whole });
    const { incoming } = c.env ?? {};
    const keep = incoming && keeper?.begin(incoming, model, identity);
    const caller = callers.open(
      () => c.req.raw.signal,
      () => new RerankError('client_gone'),
    );
    try {
      const reply: ItemReply<V> = await service.answer({
        model,
        query,
        get items() {
          return texts.items;
        },
        dependsOn,
        identity,
        cache,
        terms: {
          client,
          urgency: urgency(c.req.header('priority')),
          deadline: c.get('record').startedAt + patience(c.req.header('prefer'), maxWaitMs),
          get signal() {
            return caller.signal;
          },
        },
        traceparent: traceContext(c.req.header('traceparent')),
        hold,
      });
      return { keep, reply, served: outcomeOf(reply, !cache.read) };
    } finally {
      caller.close();
    }
  };

  const answer = async (
    c: Context<GatewayEnv>,
    request: R,
    hold: ItemCall['hold'],
  ): Promise<{ response: Response; bytes: number }> => {
    const record = c.get('record');
    record.documents = request.count;
    const model = chooseModel(c.get('caller'), models, request.model);
    record.model = model;
    api.check?.(request, model);

    const texts = request.distinct();
    const { positions } = texts;
    const indexOf = (place: number): number => positions.indexOf(place);
    const { keep, reply, served } = await call(c, model, request, texts, hold).catch((thrown) => {
      throw thrown instanceof Blamed ? named(thrown, request.textsField, indexOf) : thrown;
    });
    record.outcome = served;
    record.sources = reply.sources;
    record.searchUnits = reply.spent;
    record.timing = reply.timing;

    const defanged = (reply.defanged ?? []).map((place) => milder(request.textsField, indexOf(place)));
    const warnings = [...request.warnings, ...defanged];
    const body = api.answer({ id: record.id, request, model, reply, positions, warnings });
    if (served === 'hit' && !api.repeats(request)) keep?.({ body, record, reply });
    return { response: okResponse({ body, reply, served, record }), bytes: body.length };
  };

  return async function endpoint(c) {
    const { request, claim } = await receive(c);
    try {
      const { response, bytes } = await answer(c, request, claim.share);
      // Counted until it is written: it may be far larger than the request.
      if (bytes > SMALL_BYTES) whenWritten(c.env?.outgoing, maxWaitMs, budget.hold(bytes));
      return response;
    } finally {
      claim.release();
    }
  };
};
