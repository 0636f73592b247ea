import { getEventListeners } from 'node:events';
import { describe, expect, test, vi } from 'vitest';
import { RerankError } from '../../src/calls/errors.ts';
import { failure } from '../support/fakes.ts';
import { type Caller, flights } from './flights.ts';

const on = flights();

describe('nothing is left behind', () => {
  const expectNothingLeft = (callers: readonly Caller[]): void => {
    expect(vi.getTimerCount()).toBe(0);
    for (const { signal } of callers) expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  };

  test.each(['answer', 'fail'] as const)('by an %s', async (end) => {
    const callers = Array.from({ length: 10 }, () => on.caller());
    if (end === 'answer') on.calls[0]!.answer();
    else on.calls[0]!.fail(new RerankError('upstream_failed'));
    await Promise.allSettled(callers.map(({ answer }) => answer));
    expectNothingLeft(callers);
  });

  test('by callers that leave or run out of time', async () => {
    const callers = [on.caller(100), on.caller(), on.caller(200)];
    callers[1]!.leave();
    await vi.advanceTimersByTimeAsync(300);
    await Promise.allSettled(callers.map(({ answer }) => answer));
    expectNothingLeft(callers);
  });

  test('by a call that fails when nobody waits for it any more: no rejection goes unhandled', async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', note);
    try {
      const only = on.caller();
      only.leave();
      await failure(only.answer);
      on.calls[0]!.fail(new RerankError('upstream_failed'));
      await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    } finally {
      process.off('unhandledRejection', note);
    }
    expect(unhandled).toEqual([]);
  });
});
