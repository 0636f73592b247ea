import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LIMITS } from '../../../src/tools/replay/expected.ts';
import { MADE_UP_CLIENTS, madeUpLoad } from '../../../src/tools/stack/made-up-load.ts';

const uniform = fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }));

/** Chance that comes out the same each time. */
const seeded = (): (() => number) => {
  let state = 1;
  return () => {
    state = (state * 16_807) % 2_147_483_647;
    return state / 2_147_483_647;
  };
};

test('every minute of it is in order of time, and the gateway takes every request, whatever chance brings', () => {
  fc.assert(
    fc.property(fc.nat(1000), uniform, (round, stream) => {
      const load = madeUpLoad(round, () => stream.next().value);
      load.forEach((request, i) => {
        expect(request.number).toBe(i + 1);
        expect(request.at).toBeGreaterThanOrEqual(load[i - 1]?.at ?? 0);
        expect(request.at).toBeLessThanOrEqual(60_000);
        expect(MADE_UP_CLIENTS).toContain(request.client);
        expect(LIMITS).toHaveProperty(request.model);
        expect(request.query.trim()).not.toBe('');
        expect(request.documents.length).toBeGreaterThan(0);
        expect(request.documents.every((text) => text.trim() !== '')).toBe(true);
      });
    }),
    { numRuns: 20 },
  );
});

test('some of it has been asked before, and some never, in the first minute and between two', () => {
  const random = seeded();
  const keys = (round: number) => madeUpLoad(round, random).map(({ model, query }) => `${model} ${query}`);
  const [first, second] = [keys(1), keys(2)];
  expect(new Set(first).size).toBeLessThan(first.length);
  const known = second.filter((key) => first.includes(key)).length;
  expect(known).toBeGreaterThan(0);
  expect(known).toBeLessThan(second.length);
});

test('one service comes with more at once than there is room for', () => {
  const burst = madeUpLoad(1, seeded()).filter(({ client }) => client === 'evaluation');
  expect(burst.at(-1)!.at - burst[0]!.at).toBeLessThan(5000);
  expect(burst.length).toBeGreaterThan(0.8 * LIMITS['cohere-rerank-3-5']!);
});
