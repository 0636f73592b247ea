import { getEventListeners } from 'node:events';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { RerankError } from '../../src/calls/errors.ts';
import { flight } from '../../src/column/flight.ts';
import { aCall, failure, ScriptedScorer, stack, textsOf, turns, valuesOf } from '../support/fakes.ts';
import { FlightModel } from './flight-model.ts';

const POOL = ['a', 'b', 'c', 'd', 'e', 'f'];

const which = fc.nat(40);
const event = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('ask' as const),
      query: fc.constantFrom('one', 'two'),
      documents: fc.shuffledSubarray(POOL, { minLength: 1 }),
      patience: fc.integer({ min: 1, max: 3000 }),
      urgency: fc.nat(7),
      alone: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('leave' as const), which }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('answer' as const),
      which,
      units: fc.integer({ min: 1, max: 9 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('fail' as const), which }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('queued' as const), which, ms: fc.nat(3000) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('tick' as const), ms: fc.nat(800) }) },
);
type Event = typeof event extends fc.Arbitrary<infer T> ? T : never;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A flight layer and its model, to which the same things happen. */
class World {
  readonly model = new FlightModel();
  readonly inner = new ScriptedScorer();
  readonly scorer = stack(this.inner, flight());
  readonly callers: { ask: ReturnType<typeof aCall>; leave: () => void; answer: Promise<unknown> }[] = [];

  async happen(event: Event): Promise<void> {
    const { model, inner } = this;
    if (event.kind === 'ask') this.#ask(event);
    else if (event.kind === 'tick') {
      await vi.advanceTimersByTimeAsync(event.ms);
      model.tick(performance.now());
    } else if (event.kind === 'leave') {
      const at = event.which % this.callers.length;
      this.callers[at]?.leave();
      if (model.callers[at]) model.dismiss(model.callers[at], 'client_gone');
    } else if (inner.calls.length > 0) {
      // A call that is over, or was cancelled, may go on talking.
      const at = event.which % inner.calls.length;
      const [real, call] = [inner.calls[at]!, model.calls[at]!];
      if (event.kind === 'queued') {
        const answerAt = performance.now() + event.ms;
        if (call.state === 'under way') real.ask.onQueued!(answerAt);
        model.expect(call, answerAt, performance.now());
      } else if (event.kind === 'fail') {
        real.fail(new RerankError('upstream_failed'));
        model.fail(call, 'upstream_failed');
      } else {
        real.answer({ spent: event.units });
        model.answer(call, event.units);
      }
    }
    await turns();
    this.check();
  }

  #ask({ query, documents, patience, urgency, alone }: Extract<Event, { kind: 'ask' }>): void {
    const controller = new AbortController();
    const deadline = performance.now() + patience;
    const ask = aCall({
      query,
      items: documents,
      cache: alone ? { read: false, write: false } : {},
      terms: { deadline, urgency, signal: controller.signal },
    });
    const answer = this.scorer.answer(ask);
    answer.catch(() => {});
    this.callers.push({ ask, answer, leave: () => controller.abort(new RerankError('client_gone')) });
    this.model.ask(alone ? undefined : query, documents, { deadline, urgency, now: performance.now() });
  }

  /** The calls made are those of the model, on the terms of those who wait for them. */
  check(): void {
    const { model, inner } = this;
    expect(inner.calls.map(({ ask }) => ask.items)).toEqual(model.calls.map((call) => call.documents));
    for (const [i, { state, members }] of model.calls.entries()) {
      const { terms } = inner.calls[i]!.ask;
      if (state !== 'over') expect(terms.signal.aborted).toBe(state === 'cancelled');
      if (state !== 'under way') continue;
      expect(terms.urgency).toBe(Math.min(...[...members].map(({ urgency }) => urgency)));
      expect(terms.deadline).toBe(Math.max(...[...members].map(({ deadline }) => deadline)));
    }
  }

  /** Every caller has what the model says: all his own scores in his own order at the model's cost, or one error. */
  async checkAnswers(): Promise<void> {
    for (const [i, { outcome, units, sources }] of this.model.callers.entries()) {
      const { ask, answer } = this.callers[i]!;
      if (outcome !== 'answered') {
        expect((await failure(answer)).kind).toBe(outcome);
        continue;
      }
      expect(await answer).toMatchObject({
        values: valuesOf(ask),
        spent: units,
        sources: textsOf(ask).map((document) => sources.get(document)),
      });
    }
  }
}

describe('whatever comes, leaves, lands and fails', () => {
  test('each pair is asked for once at a time, and each caller has his own scores or one error', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 40 }), async (events) => {
        const world = new World();
        for (const event of events) await world.happen(event);
        for (const which of world.inner.calls.keys()) await world.happen({ kind: 'answer', which, units: 1 });
        await world.checkAnswers();

        expect(vi.getTimerCount()).toBe(0);
        for (const { ask } of world.callers)
          expect(getEventListeners(ask.terms.signal as AbortSignal, 'abort')).toHaveLength(0);
        for (const query of ['one', 'two']) {
          void world.scorer.answer(aCall({ query, items: POOL })).catch(() => {});
          expect(world.inner.calls.at(-1)!.ask).toMatchObject({ query, items: POOL });
        }
        vi.clearAllTimers();
      }),
      { numRuns: 300 },
    );
  });
});
