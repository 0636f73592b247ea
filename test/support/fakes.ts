/** Small stand-ins that unit tests share: asks, scores, and scorers that answer when the test says so. */

import { hash } from 'node:crypto';
import { expect } from 'vitest';
import type {
  CacheDirectives,
  ItemCall,
  ItemReply,
  Layer,
  Service,
  Source,
  Terms,
} from '../../src/calls/call.ts';
import { Digests } from '../../src/calls/digests.ts';
import { RerankError } from '../../src/calls/errors.ts';
import { identify } from '../../src/calls/identity.ts';
import { type Item, textOf } from '../../src/calls/item.ts';

export const CACHE_TERMS: CacheDirectives = {
  read: true,
  write: true,
  forward: true,
  maxAgeMs: Number.POSITIVE_INFINITY,
  staleIfError: true,
};

/** A call whose items are no slices. */
export interface TextCall extends ItemCall {
  readonly items: readonly string[];
}

/** The texts of a call's items. */
export const textsOf = ({ items }: Pick<ItemCall, 'items'>): string[] => items.map(textOf);

export interface CallOptions extends Partial<Pick<ItemCall, 'model' | 'query' | 'items' | 'traceparent'>> {
  readonly attachment?: string;
  readonly scope?: string;
  /** Scores depend on the companion documents. */
  readonly whole?: boolean;
  readonly cache?: Partial<CacheDirectives>;
  readonly terms?: Partial<Terms>;
}

/** An ask as the HTTP room makes it, by default of a patient caller without wishes. */
export const aCall = ({ scope = '', whole = false, cache, terms, ...over }: CallOptions = {}): TextCall => {
  const { items = ['Dynos sleep after thirty minutes.', 'Postgres has backups.', 'A dyno is a container.'] } =
    over;
  const named = {
    model: 'cohere-rerank-3-5',
    query: 'how do dynos sleep',
    ...over,
    items: items.map(textOf),
  };
  return {
    ...named,
    identity: identify({ scope: [scope], whole, ...named, digests: Digests.of(named.items) }),
    cache: { ...CACHE_TERMS, ...cache },
    terms: {
      client: 'search',
      urgency: 3,
      deadline: performance.now() + 60_000,
      signal: new AbortController().signal,
      ...terms,
    },
  };
};

/** The score that the scorers here give a pair: some number of its own, so that a mix-up shows. */
export const scoreOf = (query: string, document: Item): number =>
  Number.parseInt(hash('sha256', `${query}\n${textOf(document)}`, 'hex').slice(0, 8), 16) / 0xffff_ffff;

export const valuesOf = ({ query, items: documents }: Pick<ItemCall, 'query' | 'items'>): Float64Array =>
  Float64Array.from(documents, (document) => scoreOf(query, document));

export interface Override extends Omit<Partial<ItemReply>, 'takenAt'> {
  /** Of all the scores, or of each. */
  readonly takenAt?: number | Float64Array;
}

/** The answer to an ask as it comes from upstream. */
export const scoresOf = (ask: ItemCall, { takenAt = Date.now(), ...over }: Override = {}): ItemReply => ({
  values: valuesOf(ask),
  sources: ask.items.map((): Source => 'upstream'),
  takenAt: typeof takenAt === 'number' ? new Float64Array(ask.items.length).fill(takenAt) : takenAt,
  spent: 1,
  stale: false,
  stored: false,
  timing: { cacheMs: 0, queueMs: 0, upstreamMs: 5 },
  rateLimit: {},
  ...over,
});

export interface ScriptedCall {
  readonly ask: ItemCall;
  answer(over?: Override): void;
  fail(thrown: unknown): void;
}

/** Notes every call, and answers each only when told to. */
export class ScriptedScorer implements Service {
  readonly calls: ScriptedCall[] = [];

  answer(ask: ItemCall): Promise<ItemReply> {
    ask.onSend?.();
    return new Promise((resolve, reject) => {
      this.calls.push({ ask, answer: (over) => resolve(scoresOf(ask, over)), fail: reject });
    });
  }
}

/** Notes every ask and answers it at once, in whatever way `respond` says. */
export class InstantScorer implements Service {
  readonly asks: ItemCall[] = [];
  respond: (ask: ItemCall) => ItemReply = scoresOf;

  async answer(ask: ItemCall): Promise<ItemReply> {
    this.asks.push(ask);
    return this.respond(ask);
  }

  /** Every further ask fails. */
  failWith(error: unknown): void {
    this.respond = () => {
      throw error;
    };
  }
}

/**
 * Layers around a scorer, the outermost first. What a test asks for and does not wait for may fail at its deadline, a minute
 * later: that is nobody's mistake.
 */
export const stack = (inner: Service, ...layers: readonly Layer[]): Service => {
  const outermost = layers.reduceRight((scorer, layer) => layer(scorer), inner);
  return {
    answer(call) {
      const answer = outermost.answer(call);
      answer.catch(() => {});
      return answer;
    },
  };
};

/** The error that a promise rejects with, which has to be one of the table. */
export const failure = async (promise: Promise<unknown>): Promise<RerankError> => {
  const thrown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(RerankError);
  return thrown as RerankError;
};

/** Lets everything that is ready run, and what becomes ready by that. Takes no time on any clock. */
export const turns = async (count = 50): Promise<void> => {
  for (let i = 0; i < count; i++) await Promise.resolve();
};

/** Whether a promise has settled by now, whatever else is ready having run. */
export const isSettled = async (promise: Promise<unknown>): Promise<boolean> => {
  let settled = false;
  const settle = (): void => {
    settled = true;
  };
  promise.then(settle, settle);
  await turns();
  return settled;
};

/** Waits for something that happens soon, without a fixed sleep. */
export const until = async (condition: () => boolean | Promise<boolean>): Promise<void> => {
  const deadline = performance.now() + 10_000;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error('It never happened.');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};
