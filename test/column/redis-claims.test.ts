import { beforeEach, describe, expect, test } from 'vitest';
import type { SharedStore } from '../../src/cache/stores.ts';
import type { ItemReply, Service } from '../../src/calls/call.ts';
import { RerankError } from '../../src/calls/errors.ts';
import { redis } from '../../src/column/redis.ts';
import { RERANK } from '../../src/endpoints/rerank/endpoint.ts';
import { FakePairStore } from '../cache/pair-stores.ts';
import {
  aCall,
  type CallOptions,
  failure,
  isSettled,
  ScriptedScorer,
  stack,
  turns,
  valuesOf,
} from '../support/fakes.ts';

const LIFETIME = { ttlMs: 60_000, staleMs: 60_000 };

let store: FakePairStore;
let inner: ScriptedScorer;
let one: Service;
let other: Service;

beforeEach(() => {
  store = new FakePairStore();
  inner = new ScriptedScorer();
  one = stack(inner, redis({ store: store.process('one'), lifetime: LIFETIME, choose: RERANK.choose }));
  other = stack(inner, redis({ store: store.process('other'), lifetime: LIFETIME, choose: RERANK.choose }));
});

const ask = async (scorer: Service, over: CallOptions = {}): Promise<{ answer: Promise<ItemReply> }> => {
  const answer = scorer.answer(aCall(over));
  answer.catch(() => {});
  await turns();
  return { answer };
};

const asked = (): string[] => inner.calls.map(({ ask: { items: documents } }) => documents.join(''));

describe('what another process is having scored', () => {
  test('is waited for, not asked for', async () => {
    await ask(one);
    const { answer } = await ask(other);
    expect(inner.calls).toHaveLength(1);
    inner.calls[0]!.answer();
    expect(await answer).toMatchObject({
      values: valuesOf(aCall()),
      sources: ['joined', 'joined', 'joined'],
      spent: 0,
    });
    expect(store.held).toBe(0);
  });

  test('is waited for all the same when somebody says that it has ended, and it has not', async () => {
    await ask(one);
    const { answer } = await ask(other);
    for (let i = 0; i < 3; i++) {
      store.lie();
      await turns();
    }
    expect(inner.calls).toHaveLength(1);
    inner.calls[0]!.answer();
    await turns();
    store.silence();
    expect(await answer).toMatchObject({ sources: ['joined', 'joined', 'joined'], spent: 0 });
  });

  test('tells whoever waits for it when the answer should be there', async () => {
    await ask(one);
    const expected: number[] = [];
    const waiting = other.answer({ ...aCall(), onQueued: (answerAt) => void expected.push(answerAt) });
    await turns();
    inner.calls[0]!.ask.onQueued?.(12_345);
    expect(expected).toEqual([12_345]);
    inner.calls[0]!.answer();
    await waiting;
  });

  test('is waited for while the rest is asked for', async () => {
    await ask(one, { items: ['a', 'b', 'c'] });
    const { answer } = await ask(other, { items: ['d', 'b', 'e', 'a'] });
    expect(asked()).toEqual(['abc', 'de']);
    inner.calls[1]!.answer();
    expect(await isSettled(answer)).toBe(false);
    inner.calls[0]!.answer();
    expect(await answer).toMatchObject({
      values: valuesOf(aCall({ items: ['d', 'b', 'e', 'a'] })),
      sources: ['upstream', 'joined', 'upstream', 'joined'],
    });
  });

  test('holds up neither of two that wait for one another', async () => {
    const lists = [
      ['a', 'b'],
      ['b', 'a', 'c'],
      ['c', 'd', 'a'],
    ];
    const answers = [];
    for (const [i, documents] of lists.entries())
      answers.push((await ask(i % 2 === 0 ? one : other, { items: documents })).answer);
    expect(asked()).toEqual(['ab', 'c', 'd']);
    for (const call of inner.calls) call.answer();
    for (const [i, { values }] of (await Promise.all(answers)).entries())
      expect(values).toEqual(valuesOf(aCall({ items: lists[i]! })));
  });

  test('is taken over when the other fails', async () => {
    await ask(one);
    const { answer } = await ask(other);
    inner.calls[0]!.fail(new RerankError('upstream_failed'));
    await turns();
    expect(inner.calls).toHaveLength(2);
    inner.calls[1]!.answer();
    expect((await answer).sources[0]).toBe('upstream');
  });

  test('is taken over by one of those who wait when the other is silent', async () => {
    await ask(one);
    const waiting = [await ask(other), await ask(other), await ask(other)];
    store.silence('one');
    await turns();
    expect(inner.calls).toHaveLength(2);
    inner.calls[1]!.answer();
    for (const { answer } of waiting) expect((await answer).values).toEqual(valuesOf(aCall()));
    expect(inner.calls).toHaveLength(2);
  });

  test('is asked for here when the store fails meanwhile', async () => {
    await ask(one);
    const { answer } = await ask(other);
    store.down = true;
    store.silence();
    await turns();
    expect(inner.calls).toHaveLength(2);
    inner.calls[1]!.answer();
    expect((await answer).values).toEqual(valuesOf(aCall()));
  });

  test('is not waited for by whoever does not read, and not taken on by him', async () => {
    await ask(one);
    for (const cache of [{ read: false }, { write: false }, { read: false, write: false }])
      await ask(other, { cache });
    expect(inner.calls).toHaveLength(4);
    expect(store.uses).toEqual(['open', 'read']);
  });
});

describe('whoever leaves', () => {
  test('while he waits for another hears so at once, and takes nothing over', async () => {
    await ask(one);
    const gone = new AbortController();
    const { answer } = await ask(other, { terms: { signal: gone.signal } });
    gone.abort(new RerankError('client_gone'));
    expect((await failure(answer)).kind).toBe('client_gone');
    store.silence();
    await turns();
    expect(inner.calls).toHaveLength(1);
  });

  test('before anything is asked for him keeps nothing from others', async () => {
    const gone = new AbortController();
    const answer = one.answer(aCall({ terms: { signal: gone.signal } }));
    gone.abort(new RerankError('client_gone'));
    expect((await failure(answer)).kind).toBe('client_gone');
    expect(inner.calls).toHaveLength(0);
    expect(store.held).toBe(0);
  });
});

test('scores that came between the look and the claim are used, and the claim is given back', async () => {
  const { answer: first } = await ask(one);
  const late = store.process('other');
  const blind: SharedStore = {
    ...late,
    read: async ({ digests: { count } }) => ({
      values: new Float64Array(count),
      takenAt: new Float64Array(count).fill(Number.NaN),
    }),
  };
  inner.calls[0]!.answer();
  await first;
  const scorer = stack(inner, redis({ store: blind, lifetime: LIFETIME, choose: RERANK.choose }));
  expect((await scorer.answer(aCall())).sources).toEqual(['redis', 'redis', 'redis']);
  await turns();
  expect(inner.calls).toHaveLength(1);
  expect(store.held).toBe(0);
});
