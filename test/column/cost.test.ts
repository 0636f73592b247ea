import { expect, test } from 'vitest';
import { Estimates } from '../../src/calls/estimates.ts';
import { estimated, learned } from '../../src/column/cost.ts';
import { aCall, InstantScorer, scoresOf, stack } from '../support/fakes.ts';
import { batches } from './batches.ts';

test('a call says what it is likely to cost: more while others join it, and less when one has left', () => {
  const { calls, ask } = batches();
  ask(['a'.repeat(100)]);
  const { ask: waiting } = calls[0]!;
  const inner = new InstantScorer();
  void stack(
    inner,
    estimated(new Estimates(), () => ({ items: 96, bytes: 1000 })),
  ).answer(waiting);
  const { most: cost, full } = inner.asks[0]!.cost!;
  expect(full()).toBe(1000 + 96 * 4);
  expect(cost()).toBe(100 + 4);
  const leaving = ask(['b'.repeat(60)]);
  expect(cost()).toBe(160 + 2 * 4);
  leaving.leave();
  expect(cost()).toBe(100 + 4);
});

test('what a call has cost is what the next is expected to', async () => {
  const estimates = new Estimates();
  const call = aCall({ items: ['x'.repeat(1000)] });
  const inner = new InstantScorer();
  inner.respond = (asked) => scoresOf(asked, { spent: 200 });
  expect(estimates.likely(call.model, { items: 1, bytes: 1000 })).toBe(300);
  await stack(inner, learned(estimates)).answer(call);
  expect(estimates.likely(call.model, { items: 1, bytes: 1000 })).toBe(200);
});
