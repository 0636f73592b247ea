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
  void stack(inner, estimated(new Estimates())).answer(waiting);
  const cost = inner.asks[0]!.cost!;
  expect(cost()).toBe(50);
  const leaving = ask(['b'.repeat(60)]);
  expect(cost()).toBe(80);
  leaving.leave();
  expect(cost()).toBe(50);
});

test('what a call has cost is what the next is expected to', async () => {
  const estimates = new Estimates();
  const call = aCall({ items: ['x'.repeat(1000)] });
  const inner = new InstantScorer();
  inner.respond = (asked) => scoresOf(asked, { spent: 200 });
  expect(estimates.of(call.model, { items: 1, bytes: 1000 })).toBe(500);
  await stack(inner, learned(estimates)).answer(call);
  expect(estimates.of(call.model, { items: 1, bytes: 1000 })).toBe(200);
});
