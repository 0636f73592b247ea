import { expect, test } from 'vitest';
import { onlyIfCached } from '../../src/column/only-if-cached.ts';
import { aCall, failure, InstantScorer, stack, valuesOf } from '../support/fakes.ts';

test('what no cache knows is not asked upstream when the caller wants no call made', async () => {
  const inner = new InstantScorer();
  const scorer = stack(inner, onlyIfCached());
  expect((await failure(scorer.answer(aCall({ cache: { forward: false } })))).kind).toBe('not_cached');
  expect(inner.asks).toHaveLength(0);
});

test('for everybody else the call is made', async () => {
  const inner = new InstantScorer();
  expect((await stack(inner, onlyIfCached()).answer(aCall())).values).toEqual(valuesOf(aCall()));
  expect(inner.asks).toHaveLength(1);
});
