import fc from 'fast-check';
import { expect, test } from 'vitest';
import { together } from '../../src/cache/together.ts';

/** A store whose entries have these sizes, the least recently used first. */
const storeOf = (sizes: readonly number[]) => {
  const entries = [...sizes];
  return {
    entries,
    get bytes() {
      return entries.reduce((sum, size) => sum + size, 0);
    },
    evict: () => void entries.shift(),
  };
};

const sizes = fc.array(fc.integer({ min: 1, max: 100 }), { maxLength: 20 });

test('stores stay within their bound together, and keep all that fits', () => {
  fc.assert(
    fc.property(fc.array(sizes, { minLength: 1, maxLength: 3 }), fc.nat({ max: 2000 }), (all, most) => {
      const stores = all.map(storeOf);
      const before = stores.reduce((sum, { bytes }) => sum + bytes, 0);
      together(most, stores)();
      const after = stores.reduce((sum, { bytes }) => sum + bytes, 0);
      expect(after).toBeLessThanOrEqual(most);
      if (before <= most) expect(after).toBe(before);
      else expect(after + 100).toBeGreaterThan(most);
    }),
  );
});

test('the largest gives way: one that is flooded takes no more than its part from another', () => {
  const [pairs, vectors] = [storeOf(Array(40).fill(1)), storeOf([])];
  const trim = together(100, [pairs, vectors]);
  for (let i = 0; i < 1000; i++) {
    vectors.entries.push(1);
    trim();
  }
  expect([pairs.bytes, vectors.bytes]).toEqual([40, 60]);
});
