import { describe, expect, test } from 'vitest';
import { RerankError } from '../../src/calls/errors.ts';
import { flight } from '../../src/column/flight.ts';
import { aCall, failure, ScriptedScorer, stack, valuesOf } from '../support/fakes.ts';

describe('a call that fails', () => {
  test('fails for all who shared it, with the same error', async () => {
    const inner = new ScriptedScorer();
    const scorer = stack(inner, flight());
    const answers = Array.from({ length: 20 }, () => failure(scorer.answer(aCall())));
    const error = new RerankError('upstream_failed');
    inner.calls[0]!.fail(error);
    for (const thrown of await Promise.all(answers)) expect(thrown).toBe(error);
  });

  test('is not remembered', async () => {
    const inner = new ScriptedScorer();
    const scorer = stack(inner, flight());
    const failed = failure(scorer.answer(aCall()));
    inner.calls[0]!.fail(new RerankError('upstream_failed'));
    await failed;

    const next = scorer.answer(aCall());
    expect(inner.calls).toHaveLength(2);
    inner.calls[1]!.answer();
    expect((await next).values).toEqual(valuesOf(aCall()));
  });

  test('with what nobody foresaw is an internal error', async () => {
    const inner = new ScriptedScorer();
    const answer = failure(stack(inner, flight()).answer(aCall()));
    inner.calls[0]!.fail(new TypeError('unforeseen'));
    expect((await answer).kind).toBe('internal');
  });

  test('by throwing before it has begun strands nobody', async () => {
    let calls = 0;
    const scorer = stack(
      {
        answer() {
          calls++;
          throw new TypeError('at once');
        },
      },
      flight(),
    );
    for (let i = 1; i <= 3; i++) {
      expect((await failure(scorer.answer(aCall()))).kind).toBe('internal');
      expect(calls).toBe(i);
    }
  });
});
