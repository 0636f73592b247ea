import { beforeEach, describe, expect, test } from 'vitest';
import { RerankError } from '../../src/rerank/errors.ts';
import { anAsk, failure, scoresOf, valuesOf } from '../support/fakes.ts';
import { Memories, TTL } from './memories.ts';

let memory: Memories;
beforeEach(() => {
  memory = new Memories();
});

describe('memory', () => {
  test('answers what it has seen without asking on', async () => {
    const first = await memory.ask();
    memory.now += TTL;
    const again = await memory.ask();
    expect(memory.inner.asks).toHaveLength(1);
    expect(first).toMatchObject({ stored: true, searchUnits: 1 });
    expect(again).toEqual({
      values: first.values,
      sources: ['memory', 'memory', 'memory'],
      scoredAt: first.scoredAt,
      searchUnits: 0,
      stale: false,
      stored: false,
      timing: { cacheMs: 0, queueMs: 0, upstreamMs: 0 },
      rateLimit: {},
    });
  });

  test('knows a set of documents in every order', async () => {
    const documents = ['a', 'b', 'c', 'd', 'e'];
    await memory.ask({ documents });
    const reordered = ['d', 'a', 'e', 'c', 'b'];
    const { values, sources } = await memory.ask({ documents: reordered });
    expect(sources).toEqual(reordered.map(() => 'memory'));
    expect(values).toEqual(valuesOf(anAsk({ documents: reordered })));
  });

  test('does not answer another scope, model, query or set of documents', async () => {
    await memory.ask();
    for (const over of [{ scope: 's' }, { model: 'm' }, { query: 'q' }, { documents: ['d'] }]) {
      expect((await memory.ask(over)).sources[0]).toBe('upstream');
    }
  });

  test('asks again for what is past its freshness, and keeps the new score', async () => {
    await memory.ask();
    memory.now += TTL + 1;
    expect(await memory.ask()).toMatchObject({ stale: false, stored: true, scoredAt: memory.now });
    memory.now += TTL;
    expect((await memory.ask()).sources[0]).toBe('memory');
    expect(memory.inner.asks).toHaveLength(2);
  });
});

describe('a caller’s terms', () => {
  test('no-store: memory is neither read nor written', async () => {
    const cache = { read: false, write: false };
    expect((await memory.ask({ cache })).stored).toBe(false);
    await memory.ask();
    expect((await memory.ask({ cache })).sources[0]).toBe('upstream');
    expect(memory.inner.asks).toHaveLength(3);
    expect((await memory.ask()).sources[0]).toBe('memory');
  });

  test('no-cache: memory is not read, and then holds the new score', async () => {
    await memory.ask();
    memory.inner.respond = (one) =>
      scoresOf(one, { values: valuesOf(one).map((value) => value / 2), scoredAt: memory.now });
    const { values, stored } = await memory.ask({ cache: { read: false } });
    expect(stored).toBe(true);
    expect(values).not.toEqual(valuesOf(anAsk()));
    expect(await memory.ask()).toMatchObject({ values, sources: ['memory', 'memory', 'memory'] });
  });

  test('max-age: what is older is asked for again', async () => {
    await memory.ask();
    memory.now += 100;
    expect((await memory.ask({ cache: { maxAgeMs: 100 } })).sources[0]).toBe('memory');
    expect((await memory.ask({ cache: { maxAgeMs: 99 } })).sources[0]).toBe('upstream');
  });
});

describe('nothing is kept', () => {
  test('of an answer that is stale itself', async () => {
    memory.inner.respond = (one) => scoresOf(one, { stale: true, sources: ['redis', 'redis', 'redis'] });
    expect((await memory.ask()).stored).toBe(false);
    await memory.ask();
    expect(memory.inner.asks).toHaveLength(2);
  });

  test('of an error', async () => {
    memory.inner.failWith(new RerankError('upstream_failed'));
    await failure(memory.ask());
    await failure(memory.ask());
    expect(memory.inner.asks).toHaveLength(2);
  });
});

test('what came from Redis is kept too, but counts as nothing new, and keeps its age', async () => {
  const scoredAt = memory.now - 400;
  memory.inner.respond = (one) => scoresOf(one, { sources: ['redis', 'redis', 'redis'], scoredAt });
  expect((await memory.ask()).stored).toBe(false);
  expect(await memory.ask()).toMatchObject({ sources: ['memory', 'memory', 'memory'], scoredAt });
  memory.now += TTL - 400 + 1;
  await memory.ask();
  expect(memory.inner.asks).toHaveLength(2);
});
