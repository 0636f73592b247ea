import { beforeEach, describe, expect, test } from 'vitest';
import { Blamed } from '../../src/calls/blame.ts';
import { ByteBudget } from '../../src/calls/byte-budget.ts';
import type { Granularity, ItemCall } from '../../src/calls/call.ts';
import type { Identity } from '../../src/calls/identity.ts';
import { RERANK_API } from '../../src/endpoints/rerank/api.ts';
import { Callers } from '../../src/http/callers.ts';
import { endpoint } from '../../src/http/endpoint.ts';
import { aCall, CACHE_TERMS, InstantScorer, scoresOf } from '../support/fakes.ts';
import { BODY, Desk, type Init, MODEL } from './desk.ts';
import { aCaller, aRecord } from './onion.ts';

const neverGone = (): AbortSignal => new AbortController().signal;

let desk: Desk;
beforeEach(() => {
  desk = new Desk();
});

/** The ask that a request becomes. */
const asked = async (init: Init = {}): Promise<ItemCall> => {
  expect((await desk.post(init)).status).toBe(200);
  return desk.inner.asks.at(-1)!;
};

describe('a request becomes an ask', () => {
  test('for its distinct documents, in order of first appearance, and never for its `top_n`', async () => {
    const documents = ['b', 'a', 'b', { text: 'a' }, 'c'];
    const ask = await asked({ body: { ...BODY, documents, top_n: 1 } });
    expect(ask).toMatchObject({ model: MODEL, query: 'q', items: ['b', 'a', 'c'] });
    expect(ask.identity.digests.count).toBe(3);
  });

  test('on the terms of its headers', async () => {
    const headers = {
      'cache-control': 'max-age=60',
      priority: 'u=1',
      prefer: 'wait=10',
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    };
    const before = performance.now();
    const { cache, terms, traceparent } = await asked({ headers });
    expect(cache).toEqual({ ...CACHE_TERMS, maxAgeMs: 60_000, staleIfError: false });
    expect(terms).toMatchObject({ client: 'search', urgency: 1 });
    expect(terms.deadline).toBeGreaterThanOrEqual(before + 10_000);
    expect(terms.deadline).toBeLessThanOrEqual(performance.now() + 10_000);
    expect(traceparent).toBe('00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01');
  });

  test('that waits as long as any may, when it has no headers', async () => {
    const before = performance.now();
    const { cache, terms, traceparent } = await asked();
    expect(cache).toEqual(CACHE_TERMS);
    expect(terms.urgency).toBe(3);
    expect(terms.deadline).toBeGreaterThanOrEqual(before + 25_000);
    expect(traceparent).toBeUndefined();
  });

  test('that keeps out of the caches where the model is configured so', async () => {
    const options: Init['options'] = { granularityOf: () => 'off' };
    const { cache } = await asked({ options, headers: { 'cache-control': 'only-if-cached' } });
    expect(cache).toEqual({ ...CACHE_TERMS, read: false, write: false, forward: false });
    expect((await desk.post({ options })).headers.get('cache-status')).toBe('rerank-gateway; fwd=bypass');
  });

  test.each<[Granularity, whole: boolean, shared: boolean]>([
    ['document', false, true],
    ['request', true, false],
  ])('whose question, by %s, is about the whole set: %s', async (granularity, whole, shared) => {
    const models: string[] = [];
    const granularityOf = (model: string): Granularity => {
      models.push(model);
      return granularity;
    };
    const identityOf = async (documents: string[]): Promise<Identity> =>
      (await asked({ options: { granularityOf }, body: { ...BODY, documents } })).identity;
    const identity = await identityOf(['a', 'b', 'c']);
    expect(identity.whole).toBe(whole);
    expect((await identityOf(['c', 'a', 'b', 'a'])).question).toBe(identity.question);
    expect((await identityOf(['a', 'b'])).question === identity.question).toBe(shared);
    expect(new Set(models)).toEqual(new Set([MODEL]));
  });

  test('that shares its question with nobody of another scope', async () => {
    const questionOf = async (name: string): Promise<string> => {
      const options: Init['options'] = { scopeOf: (model, client) => [model, client] };
      return (await asked({ caller: aCaller({ name }), options })).identity.question;
    };
    expect(await questionOf('search')).not.toBe(await questionOf('chatbot'));
    expect(await questionOf('search')).toBe(await questionOf('search'));
    expect(await questionOf('search')).not.toBe((await asked()).identity.question);
  });
});

test('a document that is refused is named by the word that its caller has for documents', async () => {
  for (const [field, more] of [
    ['documents', { documents: ['b', 'a', 'b'] }],
    ['texts', { documents: undefined, texts: ['b', 'a', 'b'] }],
  ] as const) {
    const desk = new Desk();
    desk.inner.failWith(new Blamed({ of: 'items', places: [1], suspects: [] }));
    const answer = await desk.post({ body: { ...BODY, ...more } });
    expect(await answer.json()).toMatchObject({ error: { code: 400, param: `${field}[1]` } });
  }
});

test('the bytes of a body may be overwritten when the answer was there at once, and only then', async () => {
  const { service, budget } = { service: new InstantScorer(), budget: new ByteBudget({ maxBytes: 1e6 }) };
  for (const [known, expected] of [
    [true, 1],
    [false, 0],
  ] as const) {
    let givenBack = 0;
    const { take } = endpoint(RERANK_API, {
      service,
      memoryHit: () => (known ? scoresOf(aCall({ items: ['a', 'b', 'c'] })) : undefined),
      callers: new Callers(),
      models: [MODEL],
      granularityOf: () => 'document',
      scopeOf: () => [],
      maxWaitMs: 5000,
      maxBodyBytes: 1e6,
      budget,
    });
    const bytes = Buffer.from(JSON.stringify(BODY));
    const ask = {
      record: aRecord(),
      caller: aCaller(),
      header: () => undefined,
      gone: neverGone,
      outgoing: undefined,
    };
    const body = {
      length: bytes.length,
      take: () => bytes,
      giveBack: () => void givenBack++,
      claim: budget.claim(bytes.length),
    };
    expect((await take(ask, body)).status).toBe(200);
    expect(givenBack).toBe(expected);
  }
  expect(budget.held).toBe(0);
});
