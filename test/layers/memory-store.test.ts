import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ENTRY_OVERHEAD_BYTES, memoryStore } from '../../src/layers/memory-store.ts';
import type { Entry } from '../../src/rerank/entry.ts';

const entryOf = (scores: number, scoredAt = 0): Entry => ({ values: new Float64Array(scores), scoredAt });
const bytesOf = (scores: number): number => ENTRY_OVERHEAD_BYTES + 8 * scores;

const sets = fc.array(fc.tuple(fc.nat({ max: 30 }), fc.integer({ min: 1, max: 1000 })), { maxLength: 100 });

describe('the store in memory', () => {
  test('never holds more bytes than it may, and counts them rightly', () => {
    fc.assert(
      fc.property(fc.nat({ max: 40_000 }), sets, (maxBytes, entries) => {
        const store = memoryStore(maxBytes);
        for (const [key, scores] of entries) {
          store.set(`key ${key}`, entryOf(scores));
          expect(store.bytes).toBeLessThanOrEqual(maxBytes);
        }
        const held = Array.from({ length: 31 }, (_, key) => store.get(`key ${key}`)).filter(
          (entry) => entry !== undefined,
        );
        expect(store.entries).toBe(held.length);
        expect(store.bytes).toBe(held.reduce((sum, { values }) => sum + bytesOf(values.length), 0));
      }),
    );
  });

  test('keeps everything as long as there is room', () => {
    const store = memoryStore(10 * bytesOf(100));
    for (let i = 0; i < 10; i++) store.set(`key ${i}`, entryOf(100, i));
    for (let i = 0; i < 10; i++) expect(store.get(`key ${i}`)).toEqual(entryOf(100, i));
    expect(store).toMatchObject({ entries: 10, bytes: 10 * bytesOf(100) });
  });

  test('drops first what has not been used for longest', () => {
    const store = memoryStore(3 * bytesOf(10));
    for (const key of ['a', 'b', 'c']) store.set(key, entryOf(10));
    store.get('a');
    store.set('d', entryOf(10));
    expect(['a', 'b', 'c', 'd'].filter((key) => store.get(key) !== undefined)).toEqual(['a', 'c', 'd']);
  });

  test('holds the last of several entries under one key', () => {
    const store = memoryStore(10_000);
    store.set('a', entryOf(10, 1));
    store.set('a', entryOf(20, 2));
    expect(store.get('a')).toEqual(entryOf(20, 2));
    expect(store).toMatchObject({ entries: 1, bytes: bytesOf(20) });
  });

  test('does not keep an entry larger than itself, nor empty itself for it', () => {
    const store = memoryStore(2 * bytesOf(10));
    store.set('small', entryOf(10));
    store.set('large', entryOf(1000));
    expect(store.get('large')).toBeUndefined();
    expect(store.get('small')).toEqual(entryOf(10));
  });

  test('keeps nothing when it has no room at all', () => {
    const store = memoryStore(0);
    store.set('a', entryOf(1));
    expect(store.get('a')).toBeUndefined();
    expect(store).toMatchObject({ entries: 0, bytes: 0 });
  });
});
