import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ENTRY_OVERHEAD_BYTES, memoryStore } from '../../src/cache/memory-store.ts';
import { MAX_PAIRS, type Pairs, pack, ROW, ROW_BYTES } from '../../src/cache/pairs.ts';
import { Digests } from '../../src/calls/digests.ts';

/** Pairs of the documents from a number on, all of one score and one age. */
const pairsOf = (count: number, { from = 0, score = 0.5, scoredAt = 0 } = {}): Pairs =>
  pack(
    new Digests(Float64Array.from({ length: 2 * count }, (_, i) => (i % 2 === 0 ? 7 : from + (i - 1) / 2))),
    new Float64Array(count).fill(score),
    new Float64Array(count).fill(scoredAt),
  );
const bytesOf = (pairs: number): number => ENTRY_OVERHEAD_BYTES + ROW_BYTES * pairs;

const additions = fc.array(
  fc.record({
    question: fc.nat({ max: 30 }),
    from: fc.nat({ max: 50 }),
    count: fc.integer({ min: 1, max: 300 }),
    scoredAt: fc.nat({ max: 3 }),
  }),
  { maxLength: 100 },
);

describe('the store in memory', () => {
  test('never holds more bytes than it may, and counts them and the pairs rightly', () => {
    fc.assert(
      fc.property(fc.nat({ max: 60_000 }), additions, (maxBytes, all) => {
        const store = memoryStore(maxBytes);
        for (const { question, count, ...over } of all) {
          store.add(`question ${question}`, pairsOf(count, over));
          expect(store.bytes).toBeLessThanOrEqual(maxBytes);
        }
        const held = Array.from({ length: 31 }, (_, question) => store.get(`question ${question}`)).flatMap(
          (pairs) => (pairs === undefined ? [] : [pairs.length / ROW]),
        );
        expect(store.entries).toBe(held.reduce((sum, pairs) => sum + pairs, 0));
        expect(store.bytes).toBe(held.reduce((sum, pairs) => sum + bytesOf(pairs), 0));
      }),
    );
  });

  test('keeps everything as long as there is room', () => {
    const store = memoryStore(10 * bytesOf(100));
    for (let i = 0; i < 10; i++) store.add(`question ${i}`, pairsOf(100, { scoredAt: i }));
    for (let i = 0; i < 10; i++) expect(store.get(`question ${i}`)).toEqual(pairsOf(100, { scoredAt: i }));
    expect(store).toMatchObject({ entries: 1000, bytes: 10 * bytesOf(100) });
  });

  test('drops first the question that has not been asked for longest', () => {
    const store = memoryStore(3 * bytesOf(10));
    for (const question of ['a', 'b', 'c']) store.add(question, pairsOf(10));
    store.get('a');
    store.add('d', pairsOf(10));
    expect(['a', 'b', 'c', 'd'].filter((question) => store.get(question) !== undefined)).toEqual([
      'a',
      'c',
      'd',
    ]);
    expect(store.entries).toBe(30);
  });

  test('adds to what it knows of a question, and replaces what is older', () => {
    const store = memoryStore(100_000);
    store.add('a', pairsOf(10, { score: 0.1, scoredAt: 1 }));
    store.add('a', pairsOf(10, { from: 5, score: 0.2, scoredAt: 2 }));
    store.add('a', pairsOf(15, { score: 0.3, scoredAt: 0 }));
    const scores = [...store.get('a')!].filter((_, i) => i % ROW === 2).sort();
    expect(scores).toEqual([...new Array(5).fill(0.1), ...new Array(10).fill(0.2)]);
    expect(store).toMatchObject({ entries: 15, bytes: bytesOf(15) });
  });

  test('keeps of one question no more than a bound', () => {
    const store = memoryStore(10_000_000);
    for (let i = 0; i < 6; i++) store.add('a', pairsOf(1000, { from: 1000 * i, scoredAt: i }));
    expect(store.entries).toBe(MAX_PAIRS);
    expect(store.bytes).toBe(bytesOf(MAX_PAIRS));
  });

  test('does not keep pairs larger than itself, nor empty itself for them', () => {
    const store = memoryStore(2 * bytesOf(10));
    store.add('small', pairsOf(10));
    store.add('large', pairsOf(1000));
    expect(store.get('large')).toBeUndefined();
    expect(store.get('small')).toEqual(pairsOf(10));
    expect(store).toMatchObject({ entries: 10, bytes: bytesOf(10) });
  });

  test('loses count of nothing when a question grows larger than itself', () => {
    const store = memoryStore(2 * bytesOf(10));
    store.add('other', pairsOf(1));
    store.add('growing', pairsOf(10));
    store.add('growing', pairsOf(1000));
    expect(store.get('growing')).toBeUndefined();
    expect(store).toMatchObject({ entries: 1, bytes: bytesOf(1) });
  });

  test('keeps nothing when it has no room at all', () => {
    const store = memoryStore(0);
    store.add('a', pairsOf(1));
    expect(store.get('a')).toBeUndefined();
    expect(store).toMatchObject({ entries: 0, bytes: 0 });
  });
});
