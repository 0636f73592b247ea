import fc from 'fast-check';
import { expect, test } from 'vitest';
import { countsOf } from '../../src/calls/sources.ts';

test('sources are counted, in whatever order they stand', () => {
  const sources = fc.array(fc.constantFrom('memory', 'redis', 'joined', 'upstream'));
  fc.assert(
    fc.property(sources, (all) => {
      const counts = new Map<string, number>();
      for (const source of all) counts.set(source, (counts.get(source) ?? 0) + 1);
      expect(countsOf(all)).toEqual(Object.fromEntries(counts));
    }),
  );
});
