import { describe, expect, test } from 'vitest';
import { RerankError } from '../../src/calls/errors.ts';
import { pace } from '../../src/column/pace.ts';
import { aCall, failure, InstantScorer, isSettled, stack } from '../support/fakes.ts';
import { FakePermits } from './fake-permits.ts';

describe('a call', () => {
  test('starts when its slot is granted, not before, and knows whose slot it holds', async () => {
    const [permits, inner] = [new FakePermits(), new InstantScorer()];
    const answer = stack(inner, pace({ permits: () => permits })).answer(aCall());
    expect(await isSettled(answer)).toBe(false);
    expect(inner.asks).toHaveLength(0);
    permits.grant();
    await answer;
    expect(inner.asks[0]!.attachment).toBe('RERANK_EU');
  });

  test('waits among those of its own model, on its own terms', async () => {
    const lines = new Map([
      ['a', new FakePermits()],
      ['b', new FakePermits()],
    ]);
    const scorer = stack(new InstantScorer(), pace({ permits: (model) => lines.get(model)! }));
    const onQueued = (): void => {};
    const ask = { ...aCall({ model: 'b' }), onQueued };
    void scorer.answer(ask);
    expect(lines.get('a')!.asked).toHaveLength(0);
    expect(lines.get('b')!.asked).toEqual([{ terms: ask.terms, onQueued }]);
    // The same object: a flight’s terms change while it waits.
    expect(lines.get('b')!.asked[0]!.terms).toBe(ask.terms);
  });

  test('that gets no slot is not made', async () => {
    const [permits, inner] = [new FakePermits(), new InstantScorer()];
    const answer = failure(stack(inner, pace({ permits: () => permits })).answer(aCall()));
    const error = new RerankError('wait_too_long');
    permits.refuse(error);
    expect(await answer).toBe(error);
    expect(inner.asks).toHaveLength(0);
    expect(permits.released).toEqual([]);
  });

  test('says how long it waited, and leaves what the upstream took as it is', async () => {
    const [permits, inner] = [new FakePermits(), new InstantScorer()];
    const answer = stack(inner, pace({ permits: () => permits })).answer(aCall());
    await new Promise((resolve) => setTimeout(resolve, 30));
    permits.grant();
    const { timing } = await answer;
    expect(timing.upstreamMs).toBe(5);
    // Timers may fire a little early.
    expect(timing.queueMs).toBeGreaterThan(25);
  });
});
