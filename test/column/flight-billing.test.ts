import { describe, expect, test } from 'vitest';
import type { ItemReply } from '../../src/calls/call.ts';
import { RerankError } from '../../src/calls/errors.ts';
import { flight } from '../../src/column/flight.ts';
import { aCall, ScriptedScorer, stack } from '../support/fakes.ts';

/** Answers to `count` callers of one call that cost 4 units, when those at the places `gone` have left. */
const answersOf = async (count: number, gone: readonly number[]): Promise<ItemReply[]> => {
  const inner = new ScriptedScorer();
  const scorer = stack(inner, flight());
  const callers = Array.from({ length: count }, () => {
    const controller = new AbortController();
    return { controller, answer: scorer.answer(aCall({ terms: { signal: controller.signal } })) };
  });
  for (const i of gone) callers[i]!.controller.abort(new RerankError('client_gone'));
  inner.calls[0]!.answer({ spent: 4 });
  const results = await Promise.allSettled(callers.map(({ answer }) => answer));
  return results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
};

describe('what a call cost', () => {
  test('is billed to the caller that it was made for', async () => {
    const answers = await answersOf(5, []);
    expect(answers.map(({ spent }) => spent)).toEqual([4, 0, 0, 0, 0]);
  });

  test.each([[[0]], [[0, 1]], [[0, 2, 4]], [[1]], [[0, 1, 2, 3]], [[4]]])(
    'is billed to exactly one of five callers when those at %j have left',
    async (gone) => {
      const answers = await answersOf(5, gone);
      expect(answers).toHaveLength(5 - gone.length);
      expect(answers.reduce((sum, { spent }) => sum + spent, 0)).toBe(4);
      expect(answers.filter(({ spent }) => spent > 0)).toHaveLength(1);
    },
  );
});
