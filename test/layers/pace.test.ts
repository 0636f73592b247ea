import { describe, expect, test } from 'vitest';
import { type CallOutcome, pace, type Slots } from '../../src/layers/pace.ts';
import { RerankError } from '../../src/rerank/errors.ts';
import type { Terms } from '../../src/rerank/scoring.ts';
import { anAsk, failure, InstantScorer, isSettled, ScriptedScorer, stack } from '../support/fakes.ts';

/** Slots that are granted when a test says so, and note what becomes of them. */
class FakeSlots implements Slots {
  readonly asked: { terms: Terms; onQueued: ((expected: number) => void) | undefined }[] = [];
  readonly released: boolean[] = [];
  #waiting: { grant: () => void; refuse: (error: unknown) => void }[] = [];

  acquire(terms: Terms, onQueued?: (expected: number) => void) {
    this.asked.push({ terms, onQueued });
    return new Promise<Awaited<ReturnType<Slots['acquire']>>>((resolve, reject) => {
      const release = ({ answered }: CallOutcome): void => void this.released.push(answered);
      const slot = { attachment: 'RERANK_EU', replaceable: false, release };
      this.#waiting.push({ grant: () => resolve(slot), refuse: reject });
    });
  }

  grant(): void {
    this.#waiting.shift()!.grant();
  }

  refuse(error: unknown): void {
    this.#waiting.shift()!.refuse(error);
  }
}

describe('a call', () => {
  test('starts when its slot is granted, not before, and knows whose slot it holds', async () => {
    const [slots, inner] = [new FakeSlots(), new InstantScorer()];
    const answer = stack(inner, pace({ slots: () => slots })).score(anAsk());
    expect(await isSettled(answer)).toBe(false);
    expect(inner.asks).toHaveLength(0);
    slots.grant();
    await answer;
    expect(inner.asks[0]!.attachment).toBe('RERANK_EU');
  });

  test('waits among those of its own model, on its own terms', async () => {
    const lines = new Map([
      ['a', new FakeSlots()],
      ['b', new FakeSlots()],
    ]);
    const scorer = stack(new InstantScorer(), pace({ slots: (model) => lines.get(model)! }));
    const onQueued = (): void => {};
    const ask = { ...anAsk({ model: 'b' }), onQueued };
    void scorer.score(ask);
    expect(lines.get('a')!.asked).toHaveLength(0);
    expect(lines.get('b')!.asked).toEqual([{ terms: ask.terms, onQueued }]);
    // The same object: a flight’s terms change while it waits.
    expect(lines.get('b')!.asked[0]!.terms).toBe(ask.terms);
  });

  test('that gets no slot is not made', async () => {
    const [slots, inner] = [new FakeSlots(), new InstantScorer()];
    const answer = failure(stack(inner, pace({ slots: () => slots })).score(anAsk()));
    const error = new RerankError('wait_too_long');
    slots.refuse(error);
    expect(await answer).toBe(error);
    expect(inner.asks).toHaveLength(0);
    expect(slots.released).toEqual([]);
  });

  test('says how long it waited, and leaves what the upstream took as it is', async () => {
    const [slots, inner] = [new FakeSlots(), new InstantScorer()];
    const answer = stack(inner, pace({ slots: () => slots })).score(anAsk());
    await new Promise((resolve) => setTimeout(resolve, 30));
    slots.grant();
    const { timing } = await answer;
    expect(timing.upstreamMs).toBe(5);
    // Timers may fire a little early.
    expect(timing.queueMs).toBeGreaterThan(25);
  });
});

describe('a slot', () => {
  test('is given back when the answer is there, not before, and once', async () => {
    const [slots, inner] = [new FakeSlots(), new ScriptedScorer()];
    const answer = stack(inner, pace({ slots: () => slots })).score(anAsk());
    slots.grant();
    expect(await isSettled(answer)).toBe(false);
    expect(slots.released).toEqual([]);
    inner.calls[0]!.answer();
    await answer;
    expect(slots.released).toEqual([true]);
  });

  test.each<[string, unknown, boolean]>([
    ['an upstream 429', new RerankError('upstream_throttled', undefined, { upstreamStatus: 429 }), true],
    ['an upstream 500', new RerankError('upstream_failed', undefined, { upstreamStatus: 500 }), true],
    [
      'a 200 that is no answer',
      new RerankError('upstream_garbage', undefined, { upstreamStatus: 200 }),
      true,
    ],
    ['a broken connection', new RerankError('upstream_failed'), false],
    ['a time-out', new RerankError('deadline'), false],
    ['a caller that left', new RerankError('client_gone'), false],
    ['what nobody foresaw', new TypeError('unforeseen'), false],
  ])('is given back once after %s', async (_, error, answered) => {
    const [slots, inner] = [new FakeSlots(), new ScriptedScorer()];
    const answer = stack(inner, pace({ slots: () => slots })).score(anAsk());
    slots.grant();
    await isSettled(answer);
    inner.calls[0]!.fail(error);
    await expect(answer).rejects.toBe(error);
    expect(slots.released).toEqual([answered]);
  });

  test('is given back when the call throws before it has begun', async () => {
    const slots = new FakeSlots();
    const broken = {
      score() {
        throw new TypeError('at once');
      },
    };
    const answer = stack(broken, pace({ slots: () => slots })).score(anAsk());
    slots.grant();
    await expect(answer).rejects.toThrow('at once');
    expect(slots.released).toEqual([false]);
  });
});
