import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Asking, ideal, promised } from '../../../src/tools/replay/ideal.ts';

const asking = (model: string, query: string, documents: string): Asking => ({
  model,
  query,
  documents: [...documents],
});

describe('the ideal', () => {
  test('counts a set of documents once, whatever its order and duplicates', () => {
    const figures = ideal([asking('m', 'q', 'abc'), asking('m', 'q', 'cba'), asking('m', 'q', 'aabbc')]);
    expect(figures.get('m')).toEqual({
      everyRequest: { calls: 3, documents: 9 },
      wholeRequests: { calls: 1, documents: 3 },
      pairs: { calls: 1, documents: 3 },
    });
  });

  test('sends only unknown pairs, in one call a request, and no call when all are known', () => {
    const figures = ideal([asking('m', 'q', 'ab'), asking('m', 'q', 'bcd'), asking('m', 'q', 'ad')]);
    expect(figures.get('m')).toEqual({
      everyRequest: { calls: 3, documents: 7 },
      wholeRequests: { calls: 3, documents: 7 },
      pairs: { calls: 2, documents: 4 },
    });
  });

  test('keeps queries and models apart', () => {
    const figures = ideal([asking('m', 'q', 'a'), asking('m', 'r', 'a'), asking('n', 'q', 'a')]);
    expect([...figures.keys()]).toEqual(['m', 'n']);
    expect(figures.get('m')?.pairs).toEqual({ calls: 2, documents: 2 });
    expect(figures.get('n')?.pairs).toEqual({ calls: 1, documents: 1 });
  });

  test('tells texts apart that look alike when joined', () => {
    const figures = ideal([
      { model: 'm', query: 'q', documents: ['1 2'] },
      { model: 'm', query: 'q', documents: ['1', '2'] },
      { model: 'm', query: 'q 1', documents: ['2'] },
      { model: 'm', query: 'q', documents: ['set 1'] },
    ]);
    expect(figures.get('m')).toEqual({
      everyRequest: { calls: 4, documents: 5 },
      wholeRequests: { calls: 4, documents: 5 },
      pairs: { calls: 4, documents: 5 },
    });
  });

  test('that is promised is the one of what scores are reused for', () => {
    const figures = ideal([asking('m', 'q', 'ab'), asking('m', 'q', 'ab'), asking('m', 'q', 'bc')]).get('m')!;
    expect(promised(figures, 'off')).toEqual({ calls: 3, documents: 6 });
    expect(promised(figures, 'request')).toEqual({ calls: 2, documents: 4 });
    expect(promised(figures, 'document')).toEqual({ calls: 2, documents: 3 });
  });

  const letter = fc.constantFrom('a', 'b', 'c', 'd', 'e');
  const trace = fc.array(
    fc.record({
      model: fc.constantFrom('m', 'n'),
      query: fc.constantFrom('q', 'r'),
      documents: fc.array(letter, { minLength: 1, maxLength: 6 }),
    }),
  );

  test('is what a plain simulation of both caches spends', () => {
    fc.assert(
      fc.property(trace, (requests) => {
        const figures = ideal(requests);
        for (const model of ['m', 'n']) {
          const own = requests.filter((request) => request.model === model);
          const sets = new Map(
            own.map(({ query, documents }) => {
              const set = [...new Set(documents)].sort();
              return [JSON.stringify([query, set]), set.length];
            }),
          );
          const pairs = new Set<string>();
          let calls = 0;
          for (const { query, documents } of own) {
            const before = pairs.size;
            for (const document of documents) pairs.add(JSON.stringify([query, document]));
            if (pairs.size > before) calls++;
          }
          const sizes = own.map(({ documents }) => new Set(documents).size);
          const expected = {
            everyRequest: { calls: own.length, documents: sizes.reduce((a, b) => a + b, 0) },
            wholeRequests: { calls: sets.size, documents: [...sets.values()].reduce((a, b) => a + b, 0) },
            pairs: { calls, documents: pairs.size },
          };
          expect(figures.get(model)).toEqual(own.length === 0 ? undefined : expected);
        }
      }),
    );
  });
});
