import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ItemCall } from '../../src/calls/call.ts';
import { split } from '../../src/column/split.ts';
import { aCall, InstantScorer, stack, valuesOf } from '../support/fakes.ts';

const numbered = (count: number): string[] => Array.from({ length: count }, (_, i) => `document ${i}`);

test('a call for more items than fit is made as few that do, and each item has its own value', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 60 }),
      fc.integer({ min: 1, max: 20 }),
      async (count, most) => {
        const inner = new InstantScorer();
        const call = aCall({ items: numbered(count) });
        const reply = await stack(
          inner,
          split(() => ({ items: most, bytes: Number.POSITIVE_INFINITY })),
        ).answer(call);
        expect(reply.values).toEqual(valuesOf(call));
        expect(reply.spent).toBe(inner.asks.length);
        expect(inner.asks).toHaveLength(Math.ceil(count / most));
        expect(inner.asks.every(({ items }) => items.length <= most)).toBe(true);
        expect(inner.asks.flatMap(({ items }) => items)).toEqual(call.items);
      },
    ),
  );
});

test('a call that fits is passed on as it is', async () => {
  const inner = new InstantScorer();
  const calls: ItemCall[] = [aCall({ items: numbered(5) }), aCall({ items: numbered(5), whole: true })];
  for (const call of calls)
    await stack(
      inner,
      split(() => ({ items: 5, bytes: Number.POSITIVE_INFINITY })),
    ).answer(call);
  expect(inner.asks).toEqual(calls);
});

test('one whose values depend on each other is split, too, since the upstream would refuse it', async () => {
  const inner = new InstantScorer();
  await stack(
    inner,
    split(() => ({ items: 5, bytes: Number.POSITIVE_INFINITY })),
  ).answer(aCall({ items: numbered(9), whole: true }));
  expect(inner.asks.map(({ items }) => items.length)).toEqual([5, 4]);
});
