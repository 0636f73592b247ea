import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Service } from '../../src/calls/call.ts';
import { flight } from '../../src/column/flight.ts';
import { aCall, failure, isSettled, ScriptedScorer, stack } from '../support/fakes.ts';

const NOW = 5000;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A flight at a clock that stands still, with one caller for each time it is willing to wait (ms). */
const callers = (...waits: readonly number[]) => {
  const inner = new ScriptedScorer();
  const scorer: Service = stack(inner, flight({ now: () => NOW }));
  const join = (wait: number) => {
    const answer = scorer.answer(aCall({ terms: { deadline: NOW + wait } }));
    answer.catch(() => {});
    return answer;
  };
  const answers = waits.map(join);
  return { inner, answers, join, queued: (ms: number) => inner.calls[0]!.ask.onQueued!(NOW + ms) };
};

describe('a caller that would not wait as long as the queue is', () => {
  test('is refused at once, while the patient wait on', async () => {
    const { answers, queued, inner } = callers(10_000, 30_000, 5000);
    queued(12_000);
    const refused = [await failure(answers[0]!), await failure(answers[2]!)];
    expect(refused.map(({ kind }) => kind)).toEqual(['wait_too_long', 'wait_too_long']);
    expect(await isSettled(answers[1]!)).toBe(false);
    expect(inner.calls[0]!.ask.terms.signal.aborted).toBe(false);

    inner.calls[0]!.answer();
    expect((await answers[1]!).spent).toBe(1);
  });

  test('hears after what time the same wait would be long enough', async () => {
    const { answers, queued } = callers(10_000, 11_999, 12_000);
    queued(12_000);
    expect((await failure(answers[0]!)).retryAfterMs).toBe(2000);
    expect((await failure(answers[1]!)).retryAfterMs).toBe(1);
    expect(await isSettled(answers[2]!)).toBe(false);
  });

  test('is refused when it comes after the queue is known, too', async () => {
    const { answers, queued, join } = callers(30_000);
    queued(12_000);
    const newcomer = await failure(join(10_000));
    expect(newcomer).toMatchObject({ kind: 'wait_too_long', retryAfterMs: 2000 });
    expect(await isSettled(join(20_000))).toBe(false);
    expect(await isSettled(answers[0]!)).toBe(false);
  });

  test('ends the call when nobody else waits, and the next one starts a new call', async () => {
    const { answers, queued, join, inner } = callers(1000, 2000);
    queued(12_000);
    for (const answer of answers) expect((await failure(answer)).kind).toBe('wait_too_long');
    expect(inner.calls[0]!.ask.terms.signal.reason).toMatchObject({ kind: 'wait_too_long' });
    void join(10_000);
    expect(inner.calls).toHaveLength(2);
  });

  test('waits on when the answer is expected in time', async () => {
    const { answers, queued } = callers(10_000, 10_001);
    queued(10_000);
    for (const answer of answers) expect(await isSettled(answer)).toBe(false);
  });
});

describe('a caller whose time is up', () => {
  test('is told to come back while its call waits for a slot, since nobody was asked', async () => {
    const { answers, queued } = callers(10_000);
    queued(9000);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await failure(answers[0]!)).toMatchObject({ kind: 'wait_too_long', retryAfterMs: 1000 });
  });

  test('is told that the answer did not come in time once the call has its slot', async () => {
    const { answers, queued, join } = callers(10_000);
    queued(9000);
    queued(0);
    const late = join(10_000);
    await vi.advanceTimersByTimeAsync(10_000);
    expect((await failure(answers[0]!)).kind).toBe('deadline');
    expect((await failure(late)).kind).toBe('deadline');
  });
});

test('a caller whose call has had a slot, failed, and waits for another attempt, is told of the upstream at the deadline', async () => {
  const { answers, queued } = callers(10_000);
  queued(3000);
  queued(0);
  // The second attempt.
  queued(9000);
  vi.advanceTimersByTime(10_000);
  // As an upstream that is too slow: what is past its freshness may stand in.
  expect(await failure(answers[0]!)).toMatchObject({ kind: 'deadline' });
});
