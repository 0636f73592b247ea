import { beforeEach, describe, expect, test } from 'vitest';
import { RerankError } from '../../src/calls/errors.ts';
import { aCall, failure, scoresOf, valuesOf } from '../support/fakes.ts';
import { at, LATE, Memories, TTL, three } from './memories.ts';

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
    expect(first).toMatchObject({ stored: true, spent: 1 });
    expect(again).toEqual({
      values: first.values,
      sources: ['memory', 'memory', 'memory'],
      takenAt: first.takenAt,
      spent: 0,
      stale: false,
      stored: false,
      timing: { cacheMs: 0, queueMs: 0, upstreamMs: 0 },
      rateLimit: {},
    });
  });

  test('knows a set of documents in every order', async () => {
    const documents = ['a', 'b', 'c', 'd', 'e'];
    await memory.ask({ items: documents });
    const reordered = ['d', 'a', 'e', 'c', 'b'];
    const { values, sources } = await memory.ask({ items: reordered });
    expect(sources).toEqual(reordered.map(() => 'memory'));
    expect(values).toEqual(valuesOf(aCall({ items: reordered })));
  });

  test('does not answer another scope, model, query or document', async () => {
    await memory.ask();
    for (const over of [{ scope: 's' }, { model: 'm' }, { query: 'q' }, { items: ['d'] }]) {
      expect((await memory.ask(over)).sources[0]).toBe('upstream');
    }
  });

  test('asks on only for the documents it does not know, and merges', async () => {
    await memory.ask({ items: ['b', 'd'] });
    const documents = ['a', 'b', 'c', 'd'];
    const scores = await memory.ask({ items: documents });
    expect(memory.inner.asks[1]!.items).toEqual(['a', 'c']);
    expect(scores.values).toEqual(valuesOf(aCall({ items: documents })));
    expect(scores.sources).toEqual(['upstream', 'memory', 'upstream', 'memory']);
    expect(scores).toMatchObject({ spent: 1, stored: true, stale: false });
    expect((await memory.ask({ items: documents })).sources).toEqual(documents.map(() => 'memory'));
  });

  test('answers late for a while what is past its freshness, and says so', async () => {
    const { takenAt } = await memory.ask();
    memory.now += TTL + LATE;
    expect(await memory.ask()).toMatchObject({ stale: true, sources: three('memory'), takenAt });
    expect(memory.inner.asks).toHaveLength(1);
  });

  test('then asks again, and keeps the new score', async () => {
    await memory.ask();
    memory.now += TTL + LATE + 1;
    const takenAt = at(memory.now);
    expect(await memory.ask()).toMatchObject({ stale: false, stored: true, takenAt });
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
      scoresOf(one, { values: valuesOf(one).map((value) => value / 2), takenAt: memory.now });
    const { values, stored } = await memory.ask({ cache: { read: false } });
    expect(stored).toBe(true);
    expect(values).not.toEqual(valuesOf(aCall()));
    expect(await memory.ask()).toMatchObject({ values, sources: three('memory') });
  });

  test('max-age: what is older is asked for again', async () => {
    await memory.ask();
    memory.now += 100;
    expect((await memory.ask({ cache: { maxAgeMs: 100 } })).sources[0]).toBe('memory');
    expect((await memory.ask({ cache: { maxAgeMs: 99 } })).sources[0]).toBe('upstream');
  });
});

test('nothing is kept of an error', async () => {
  memory.inner.failWith(new RerankError('upstream_failed'));
  await failure(memory.ask());
  await failure(memory.ask());
  expect(memory.inner.asks).toHaveLength(2);
  expect(memory.store.entries).toBe(0);
});

describe('what came from Redis', () => {
  const fromRedis = (takenAt: number, stale = false): void => {
    memory.inner.respond = (one) => scoresOf(one, { sources: three('redis'), takenAt, stale });
  };

  test('is kept too, but counts as nothing new, and keeps its age', async () => {
    const takenAt = memory.now - 400;
    fromRedis(takenAt);
    expect((await memory.ask()).stored).toBe(false);
    expect(await memory.ask()).toMatchObject({ sources: three('memory'), takenAt: at(takenAt) });
    memory.now = takenAt + TTL + LATE + 1;
    await memory.ask();
    expect(memory.inner.asks).toHaveLength(2);
  });

  test('past its freshness is no fresher for having been answered', async () => {
    fromRedis(memory.now - TTL - LATE - 1, true);
    expect((await memory.ask()).stored).toBe(false);
    await memory.ask();
    expect(memory.inner.asks).toHaveLength(2);
  });
});

describe('of a model whose scores depend on the whole set', () => {
  const whole = true;

  test('the same set is known, in every order', async () => {
    await memory.ask({ whole, items: ['a', 'b', 'c'] });
    const documents = ['c', 'a', 'b'];
    const { values, sources } = await memory.ask({ whole, items: documents });
    expect(values).toEqual(valuesOf(aCall({ items: documents })));
    expect(sources).toEqual(three('memory'));
  });

  test.each([[['a', 'b']], [['a', 'b', 'c', 'd']]])(
    'another set is asked for whole: %j',
    async (documents) => {
      await memory.ask({ whole, items: ['a', 'b', 'c'] });
      expect((await memory.ask({ whole, items: documents })).sources).toEqual(
        documents.map(() => 'upstream'),
      );
      expect(memory.inner.asks[1]!.items).toEqual(documents);
    },
  );
});
