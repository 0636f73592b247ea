/** A POST to an endpoint: from a request's bytes to the column, and from its reply to the answer. */

import type { Handler } from 'hono';
import { Blamed, named } from '../calls/blame.ts';
import { type ByteBudget, type Claim, SMALL_BYTES } from '../calls/byte-budget.ts';
import {
  type CacheDirectives,
  type Granularity,
  type ItemCall,
  type ItemReply,
  type ItemService,
  itemCall,
  type Terms,
} from '../calls/call.ts';
import type { Cancellation } from '../calls/cancellation.ts';
import type { Distinct } from '../calls/distinct.ts';
import { RerankError } from '../calls/errors.ts';
import { identify } from '../calls/identity.ts';
import { outcomeOf } from '../calls/outcome.ts';
import { countsOf } from '../calls/sources.ts';
import { Turns } from '../calls/turns.ts';
import type { Values } from '../calls/values.ts';
import type { Api, Asked } from '../endpoints/api.ts';
import { chooseModel } from './access.ts';
import { type Answer, type Ask, toResponse } from './ask.ts';
import { type Body, type BodyLimits, readBody } from './body.ts';
import type { Callers, OpenCall } from './callers.ts';
import type { GatewayEnv } from './context.ts';
import { cacheTerms, patience, traceContext, urgency } from './preferences.ts';
import { okAnswer } from './respond.ts';
import { whenWritten } from './written.ts';

export interface EndpointOptions<V extends Values> {
  readonly service: ItemService<V>;
  /** Answers at once, and counts as answered, what needs nothing but memory; undefined for what is the service's to answer. */
  readonly memoryHit?: MemoryHit<V> | undefined;
  readonly callers: Callers;
  readonly models: readonly string[];
  /** What a model's values are reused for now. */
  readonly granularityOf: (model: string) => Granularity;
  /** Separates caches that must not share values. Changes with each purge. */
  readonly scopeOf: (model: string, client: string) => readonly string[];
  readonly maxWaitMs: number;
  readonly maxBodyBytes: number;
  readonly budget: ByteBudget;
}

export type MemoryHit<V extends Values> = (
  call: Pick<ItemCall, 'model' | 'identity' | 'cache'>,
) => ItemReply<V> | undefined;

export interface Endpoint {
  readonly limits: BodyLimits;
  /**
   * Answers a request whose body has come, at once if it can. Throws and rejects with what `errorAnswer` takes. The bytes of the
   * body are released with the answer; those of a large answer are held until it is written.
   */
  take(ask: Ask, body: Body): Answer | Promise<Answer>;
}

const milder = (field: string, index: number): string =>
  `${field}[${index}] is refused by the firewall in front of the upstream: sent without its URL schemes and markup`;

/** @see Following */
class AskTerms implements Terms {
  readonly client: string;
  readonly urgency: number;
  readonly deadline: number;
  readonly #open: OpenCall;

  constructor(ask: Ask, open: OpenCall, maxWaitMs: number) {
    this.client = ask.caller.name;
    this.urgency = urgency(ask.header('priority'));
    this.deadline = ask.record.startedAt + patience(ask.header('prefer'), maxWaitMs);
    this.#open = open;
  }

  get signal(): Cancellation {
    return this.#open.signal;
  }
}

type Meaning = Pick<ItemCall, 'model' | 'query' | 'dependsOn' | 'cache' | 'identity'>;

const NO_CACHE: Partial<CacheDirectives> = { read: false, write: false };

/** Answers the requests of one endpoint. */
export const endpoint = <R extends Asked, V extends Values>(
  api: Api<R, V>,
  options: EndpointOptions<V>,
): Endpoint => {
  const { service, memoryHit, callers, models, granularityOf, scopeOf, maxWaitMs, maxBodyBytes, budget } =
    options;
  const turns = new Turns();

  /** What a request asks of the column. */
  const meaning = (ask: Ask, model: string, request: R, { digests }: Distinct): Meaning => {
    const asked = cacheTerms(ask.header('cache-control'));
    const granularity = granularityOf(model);
    const dependsOn = api.dependsOn?.(request) ?? [];
    const scope = [...scopeOf(model, ask.caller.name), ...dependsOn];
    const whole = granularity !== 'document';
    return {
      model,
      query: request.query,
      dependsOn,
      cache: granularity === 'off' ? { ...asked, ...NO_CACHE } : asked,
      identity: identify({ scope, model, query: request.query, digests, whole }),
    };
  };

  /** Calls the column for the distinct texts of a request, on the terms of its headers. */
  const call = async (
    ask: Ask,
    meant: Meaning,
    texts: Distinct,
    hold: ItemCall['hold'],
  ): Promise<ItemReply<V>> => {
    const caller = callers.open(
      () => ask.gone(),
      () => new RerankError('client_gone'),
    );
    try {
      return await service.answer(
        itemCall({
          model: meant.model,
          query: meant.query,
          dependsOn: meant.dependsOn,
          cache: meant.cache,
          identity: meant.identity,
          items: texts.items,
          terms: new AskTerms(ask, caller, maxWaitMs),
          traceparent: traceContext(ask.header('traceparent')),
          hold,
        }),
      );
    } finally {
      caller.close();
    }
  };

  const answer = (ask: Ask, request: R, hold: ItemCall['hold']): Answer | Promise<Answer> => {
    const { record } = ask;
    record.documents = request.count;
    const model = chooseModel(ask.caller, models, request.model);
    record.model = model;
    api.check?.(request, model);
    const texts = request.distinct();
    const { positions } = texts;
    const indexOf = (place: number): number => positions.indexOf(place);
    const meant = meaning(ask, model, request, texts);
    const keep = ask.keep?.(model, meant.identity);

    const give = (reply: ItemReply<V>): Answer => {
      const served = outcomeOf(reply, !meant.cache.read);
      record.outcome = served;
      record.sources = countsOf(reply.sources);
      record[api.billedIn] = reply.spent;
      record.timing = reply.timing;
      const defanged = (reply.defanged ?? []).map((place) => milder(request.textsField, indexOf(place)));
      const warnings = [...request.warnings, ...defanged];
      const body = api.answer({ id: record.id, request, model, reply, positions, warnings });
      if (served === 'hit' && !api.repeats(request)) keep?.({ body, record, reply });
      return okAnswer({ body, reply, served, record });
    };

    const reply = memoryHit?.(meant);
    if (reply !== undefined) return give(reply);
    return call(ask, meant, texts, hold).then(give, (thrown) => {
      throw thrown instanceof Blamed ? named(thrown, request.textsField, indexOf) : thrown;
    });
  };

  /** Gives the answer, and releases the bytes of the request with it. */
  const whileHeld = (ask: Ask, request: R, claim: Claim): Answer | Promise<Answer> => {
    const answered = (result: Answer): Answer => {
      claim.release();
      const { length } = result.body;
      // Counted until it is written: it may be far larger than the request.
      if (length > SMALL_BYTES) whenWritten(ask.outgoing, maxWaitMs, budget.hold(length));
      return result;
    };
    const result = answer(ask, request, () => claim.share());
    if (!(result instanceof Promise)) return answered(result);
    return result.then(answered, (thrown) => {
      claim.release();
      throw thrown;
    });
  };

  /** Not one with the above, so that the body's bytes can be freed: only the parsed request waits for the answer. */
  const begin = (ask: Ask, { take, giveBack, claim }: Body): Answer | Promise<Answer> => {
    try {
      const bytes = take();
      const { request, bytes: held } = api.parse(bytes);
      claim.resize(held);
      const result = whileHeld(ask, request, claim);
      // An answer at once is wholly made: the request, which may be slices of the body, is read no more.
      if (!(result instanceof Promise)) giveBack?.(bytes);
      return result;
    } catch (thrown) {
      claim.release();
      throw thrown;
    }
  };

  return {
    limits: { maxBytes: maxBodyBytes, timeoutMs: maxWaitMs, budget },
    take(ask, body) {
      const turn = body.length > SMALL_BYTES ? turns.next() : turns.short();
      return turn === undefined ? begin(ask, body) : turn.then(() => begin(ask, body));
    },
  };
};

/** The endpoint as a route. */
export const route =
  ({ limits, take }: Endpoint): Handler<GatewayEnv> =>
  async (c) => {
    const body = await readBody(c, limits);
    const ask: Ask = {
      record: c.get('record'),
      caller: c.get('caller'),
      header: (name) => c.req.header(name),
      gone: () => c.req.raw.signal,
      outgoing: c.env?.outgoing,
    };
    return toResponse(await take(ask, body));
  };
