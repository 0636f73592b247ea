import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Choice, documentsToSend, estimatedChunks } from '../../../src/endpoints/rerank/cost.ts';
import { estimatedTokens, searchUnits } from '../../../src/simulator/search-units.ts';

const TTL = 1000;
const OLD = 900;
const SHORT = 400;
const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

/** What is to choose from, with the length of each document. */
interface Request extends Omit<Choice, 'bytesOf'> {
  readonly documentBytes: readonly number[];
}

const chosen = (request: Request): readonly number[] =>
  documentsToSend({ ...request, bytesOf: (index) => request.documentBytes[index]! });

/** A request of `all` short documents, the first `missing` of which have no score, the others one of that age. */
const choice = (missing: number, all: number, ageMs: number, bytes = SHORT): Request => ({
  missing: range(0, missing),
  known: range(missing, all).map((index) => ({ index, ageMs })),
  queryBytes: 100,
  documentBytes: new Array(all).fill(bytes),
  ttlMs: TTL,
});

/** Any request: a part of its documents missing, the others known at any age, all of any length. */
const anyRequest = fc
  .record({
    documents: fc.array(
      fc.record({
        missing: fc.boolean(),
        ageMs: fc.integer({ min: -10, max: TTL }),
        bytes: fc.oneof(fc.integer({ min: 1, max: 1900 }), fc.integer({ min: 1, max: 20_000 })),
      }),
      { minLength: 1, maxLength: 1000, size: 'large' },
    ),
    queryBytes: fc.integer({ min: 1, max: 5000 }),
  })
  .map(
    ({ documents, queryBytes }): Request => ({
      missing: documents.flatMap(({ missing }, index) => (missing ? [index] : [])),
      known: documents.flatMap(({ missing, ageMs }, index) => (missing ? [] : [{ index, ageMs }])),
      queryBytes,
      documentBytes: documents.map(({ bytes }) => bytes),
      ttlMs: TTL,
    }),
  );

/** What the upstream bills for these documents. */
const units = ({ queryBytes, documentBytes }: Request, indexes: readonly number[]): number =>
  searchUnits(
    'q'.repeat(queryBytes),
    indexes.map((index) => 'd'.repeat(documentBytes[index]!)),
  );

describe('the documents of a call', () => {
  test('are the missing ones alone while the known ones have half of their freshness before them', () => {
    expect(chosen(choice(3, 90, TTL / 2))).toEqual([0, 1, 2]);
  });

  test('are all of them when the known ones are ageing and the units stay the same', () => {
    expect(chosen(choice(3, 90, OLD))).toEqual(range(0, 90));
  });

  test('fill the last unit and do not begin another', () => {
    expect(chosen(choice(99, 300, OLD))).toHaveLength(100);
    expect(chosen(choice(100, 300, OLD))).toHaveLength(100);
    expect(chosen(choice(101, 300, OLD))).toHaveLength(200);
  });

  test('renew the oldest first when there is no room for all', () => {
    const base = choice(98, 101, OLD);
    const known = [98, 99, 100].map((index) => ({ index, ageMs: 600 + index }));
    expect(chosen({ ...base, known }).slice(98)).toEqual([100, 99]);
  });

  test('pass over a known one that is too long for the room, not those after it', () => {
    const base = choice(98, 101, OLD);
    const documentBytes = base.documentBytes.map((bytes, index) => (index === 98 ? 20_000 : bytes));
    expect(chosen({ ...base, documentBytes }).slice(98)).toEqual([99, 100]);
  });

  test('are none when nothing is missing, however old the rest is', () => {
    expect(chosen(choice(0, 90, OLD))).toEqual([]);
  });

  test('are at most a thousand, even when each is long', () => {
    expect(chosen(choice(999, 1050, OLD, 2500))).toHaveLength(1000);
  });
});

describe('whatever is asked for', () => {
  const holds = (property: (request: Request, asked: readonly number[]) => void) =>
    fc.assert(
      fc.property(anyRequest, (any) => property(any, chosen(any))),
      { numRuns: 200 },
    );

  test('begins with everything that is missing, and holds nothing twice', () => {
    holds(({ missing }, asked) => {
      expect(asked.slice(0, missing.length)).toEqual(missing);
      expect(new Set(asked).size).toBe(asked.length);
    });
  });

  test('is billed as what is missing alone', () => {
    holds((any, asked) => {
      expect(units(any, asked)).toBe(units(any, any.missing));
    });
  });

  test('renews only what is past half of its freshness, and leaves out only what has no room', () => {
    holds((any, asked) => {
      const inCall = new Set(asked);
      const ageing = new Set(any.known.filter(({ ageMs }) => ageMs > TTL / 2).map(({ index }) => index));
      for (const index of asked.slice(any.missing.length)) expect(ageing).toContain(index);
      if (any.missing.length === 0 || asked.length === 1000) return;
      // A few of those left out tell as much as all of them.
      for (const index of [...ageing].filter((index) => !inCall.has(index)).slice(0, 3)) {
        expect(units(any, [...asked, index])).toBeGreaterThan(units(any, any.missing));
      }
    });
  });

  test('is the missing ones where nothing is ageing', () => {
    holds((any) => {
      const young = any.known.map(({ index }) => ({ index, ageMs: 0 }));
      expect(chosen({ ...any, known: young })).toEqual(any.missing);
    });
  });
});

test('a document longer than a chunk, query included, counts as several', () => {
  expect(estimatedChunks(400 * 4, 100 * 4)).toBe(1);
  expect(estimatedChunks(401 * 4, 100 * 4)).toBe(2);
  expect(estimatedChunks(1, 1_000_000)).toBe(1);
  expect(estimatedChunks(251 * 4, 1_000_000)).toBe(2);
  expect(estimatedTokens('ten bytes.')).toBe(3);
});
