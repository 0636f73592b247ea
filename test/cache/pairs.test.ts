import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_SKEW_MS } from '../../src/cache/freshness.ts';
import { find, MAX_PAIRS, merge, type Pairs, pack, ROW } from '../../src/cache/pairs.ts';
import { Digests } from '../../src/calls/digests.ts';

/** Epoch milliseconds: later than all moments here. */
const NOW = 1000;

interface Known {
  readonly document: number;
  readonly score: number;
  readonly scoredAt: number;
}

/** Digests of few first numbers, so that they often collide there. */
const digestsOf = (documents: readonly number[]): Digests =>
  new Digests(Float64Array.from(documents.flatMap((document) => [document % 3, document])));

const packed = (known: readonly Known[]): Pairs =>
  pack(
    digestsOf(known.map(({ document }) => document)),
    Float64Array.from(known, ({ score }) => score),
    Float64Array.from(known, ({ scoredAt }) => scoredAt),
  );

/** What pairs say about each of these documents. */
const readFrom = (pairs: Pairs, documents: readonly number[]): (Omit<Known, 'document'> | undefined)[] =>
  Array.from(find(pairs, digestsOf(documents)), (row) =>
    row < 0 ? undefined : { score: pairs[row + 2]!, scoredAt: pairs[row + 3]! },
  );

const DOCUMENTS = Array.from({ length: 20 }, (_, i) => i);

const known = fc.uniqueArray(
  fc.record({
    document: fc.constantFrom(...DOCUMENTS),
    score: fc.double({ noNaN: true, noDefaultInfinity: true }),
    scoredAt: fc.nat({ max: 5 }),
  }),
  { selector: ({ document }) => document, maxLength: DOCUMENTS.length },
);

describe('packed pairs', () => {
  test('say of each document what was packed, bit for bit, and nothing of others', () => {
    fc.assert(
      fc.property(known, (all) => {
        const expected = DOCUMENTS.map((one) => all.find(({ document }) => document === one));
        for (const [document, found] of readFrom(packed(all), DOCUMENTS).entries()) {
          expect(found?.scoredAt).toBe(expected[document]?.scoredAt);
          expect(Object.is(found?.score, expected[document]?.score)).toBe(true);
        }
      }),
    );
  });

  test('are found whatever the order in which documents are asked for', () => {
    fc.assert(
      fc.property(known, fc.shuffledSubarray(DOCUMENTS), (all, asked) => {
        const inOrder = readFrom(packed(all), DOCUMENTS);
        expect(readFrom(packed(all), asked)).toEqual(asked.map((document) => inOrder[document]));
      }),
    );
  });

  test('take 32 bytes each', () => {
    expect(packed([{ document: 1, score: 0.5, scoredAt: 7 }]).byteLength).toBe(32);
  });
});

describe('a merge', () => {
  test('knows of each document the newer of two scores, and of two of one age the one that came later', () => {
    fc.assert(
      fc.property(known, known, (older, newer) => {
        const expected = DOCUMENTS.map((one) => {
          const [a, b] = [older, newer].map((all) => all.find(({ document }) => document === one));
          const best = a && b ? (a.scoredAt > b.scoredAt ? a : b) : (a ?? b);
          return best && { score: best.score, scoredAt: best.scoredAt };
        });
        const merged = merge(packed(older), packed(newer), NOW);
        expect(readFrom(merged, DOCUMENTS)).toEqual(expected);
        // One row a document: what is outdated takes no room.
        expect(merged).toHaveLength(ROW * expected.filter((one) => one !== undefined).length);
      }),
    );
  });

  test('changes neither of the two', () => {
    fc.assert(
      fc.property(known, known, (older, newer) => {
        const [a, b] = [packed(older), packed(newer)];
        merge(a, b, NOW);
        expect([a, b]).toEqual([packed(older), packed(newer)]);
      }),
    );
  });

  test('again and again is no different from one of everything', () => {
    fc.assert(
      fc.property(fc.array(known, { maxLength: 6 }), (lists) => {
        const merged = lists.map(packed).reduce(merge, packed([]));
        const best = new Map<number, Known>();
        for (const one of lists.flat()) {
          const other = best.get(one.document);
          if (other === undefined || other.scoredAt <= one.scoredAt) best.set(one.document, one);
        }
        const expected = DOCUMENTS.map((document) => best.get(document)?.score);
        expect(readFrom(merged, DOCUMENTS).map((found) => found?.score)).toEqual(expected);
      }),
    );
  });
});

describe('the pairs of one question', () => {
  const many = (from: number, to: number, scoredAt: (document: number) => number): Known[] =>
    Array.from({ length: to - from }, (_, i) => ({
      document: from + i,
      score: (from + i) / 1e6,
      scoredAt: scoredAt(from + i),
    }));

  test('are all kept up to the bound', () => {
    const half = MAX_PAIRS / 2;
    const merged = merge(packed(many(0, half, () => 1)), packed(many(half, MAX_PAIRS, () => 2)), NOW);
    expect(merged).toHaveLength(ROW * MAX_PAIRS);
    const documents = Array.from({ length: MAX_PAIRS }, (_, i) => i);
    expect(readFrom(merged, documents).map((found) => found?.score)).toEqual(documents.map((i) => i / 1e6));
  });

  test.each(['older', 'newer'])('lose the oldest beyond it, be they in the %s part', (part) => {
    const total = MAX_PAIRS + 1000;
    const all = many(0, total, (document) => (document * 7919) % total);
    const [one, other] = [packed(all.slice(0, 2500)), packed(all.slice(2500))];
    const merged = part === 'older' ? merge(one, other, NOW) : merge(other, one, NOW);
    expect(merged).toHaveLength(ROW * MAX_PAIRS);
    for (const [document, found] of readFrom(
      merged,
      all.map(({ document }) => document),
    ).entries()) {
      const { score, scoredAt } = all[document]!;
      expect(found).toEqual(scoredAt < 1000 ? undefined : { score, scoredAt });
    }
  });
});

test('a row that claims to come from the future gives way to the next score, and is the first to go', () => {
  const future = { document: 1, score: 0.1, scoredAt: NOW + MAX_SKEW_MS + 1 };
  const replaced = merge(packed([future]), packed([{ document: 1, score: 0.2, scoredAt: NOW }]), NOW);
  expect(readFrom(replaced, [1])).toEqual([{ score: 0.2, scoredAt: NOW }]);
  const many = Array.from({ length: MAX_PAIRS }, (_, i) => ({ document: i + 2, score: 0.5, scoredAt: 1 }));
  const cut = merge(packed([future]), packed(many), NOW);
  expect(readFrom(cut, [1, 2])).toEqual([undefined, { score: 0.5, scoredAt: 1 }]);
});
