/** Callers of one flight, on a fake clock. */

import { afterEach, beforeEach, vi } from 'vitest';
import type { ItemReply, Service, Terms } from '../../src/calls/call.ts';
import { RerankError } from '../../src/calls/errors.ts';
import { flight } from '../../src/column/flight.ts';
import { aCall, ScriptedScorer, stack } from '../support/fakes.ts';

export interface Caller {
  readonly answer: Promise<ItemReply>;
  readonly signal: AbortSignal;
  leave(): void;
}

export interface Flights {
  /** The calls made. */
  readonly calls: ScriptedScorer['calls'];
  /** Somebody who asks, always for the same thing, and is there for `ms`. */
  caller(ms?: number, terms?: Partial<Terms>): Caller;
  /** The terms of the first call, as they are now. */
  termsOfCall(): Terms;
}

/** For a test file as a whole: a new flight layer for each test. */
export const flights = (): Flights => {
  let inner: ScriptedScorer;
  let scorer: Service;
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    inner = new ScriptedScorer();
    scorer = stack(inner, flight());
  });
  afterEach(() => {
    vi.useRealTimers();
  });
  return {
    get calls() {
      return inner.calls;
    },
    caller(ms = 60_000, terms = {}) {
      const controller = new AbortController();
      const { signal } = controller;
      const deadline = performance.now() + ms;
      const answer = scorer.answer(aCall({ terms: { deadline, signal, ...terms } }));
      answer.catch(() => {});
      return { answer, signal, leave: () => controller.abort(new RerankError('client_gone')) };
    },
    termsOfCall: () => inner.calls[0]!.ask.terms,
  };
};
