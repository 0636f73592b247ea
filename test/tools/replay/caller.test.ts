import { describe, expect, test } from 'vitest';
import type { Answer } from '../../../src/tools/replay/answers/judge.ts';
import { ask } from '../../../src/tools/replay/caller.ts';
import { ASKED, ok, REQUEST_ID, refusal } from './answers.ts';

/** A caller whose attempts get these answers, the last one again and again, and whose clock only sleep moves. */
const caller = (...answers: (Answer | Error)[]) => {
  const sleeps: number[] = [];
  const stop = new AbortController();
  let attempts = 0;
  let now = 0;
  const options = {
    asked: ASKED,
    newRequestId: () => REQUEST_ID,
    signal: stop.signal,
    now: () => now,
    async send() {
      const answer = answers[Math.min(attempts++, answers.length - 1)]!;
      if (answer instanceof Error) throw answer;
      return answer;
    },
    async sleep(ms: number) {
      sleeps.push(ms);
      now += ms;
    },
  };
  return { options, sleeps, stop, attempts: () => attempts };
};

const throttled = (seconds: string) =>
  refusal(429, 'rate_limit_error', { headers: { 'retry-after': seconds } });

describe('a caller', () => {
  test('takes the first answer', async () => {
    const { options, sleeps } = caller(ok());
    expect(await ask(options)).toMatchObject({
      judgement: { outcome: 'miss' },
      repetitions: 0,
      finishedAt: 0,
    });
    expect(sleeps).toEqual([]);
  });

  test('comes back after Retry-After, and counts the wait', async () => {
    const unavailable = refusal(503, 'server_error', { headers: { 'retry-after': '2' } });
    const { options, sleeps } = caller(throttled('9'), unavailable, ok());
    expect(await ask(options)).toMatchObject({
      judgement: { outcome: 'miss' },
      repetitions: 2,
      finishedAt: 11_000,
    });
    expect(sleeps).toEqual([9000, 2000]);
  });

  test('gives up after the third attempt', async () => {
    const { options, attempts } = caller(throttled('1'));
    expect(await ask(options)).toMatchObject({ judgement: { outcome: 'rejected' }, repetitions: 2 });
    expect(attempts()).toBe(3);
  });

  test.each([502, 504])('does not come back after %d', async (status) => {
    const { options, attempts } = caller(refusal(status, 'server_error'));
    expect(await ask(options)).toMatchObject({ judgement: { outcome: 'error' }, repetitions: 0 });
    expect(attempts()).toBe(1);
  });

  test('does not come back after a wrong answer, not even one that asks it to', async () => {
    const { options, attempts } = caller(throttled('0'));
    expect(await ask(options)).toMatchObject({ judgement: { outcome: 'wrong' } });
    expect(attempts()).toBe(1);
  });

  test('tells no answer at all from a wrong one, by what went wrong', async () => {
    const { options } = caller(Object.assign(new Error('127.0.0.1'), { code: 'ECONNRESET' }));
    expect(await ask(options)).toMatchObject({
      judgement: { outcome: 'unanswered', kind: 'ECONNRESET' },
    });
  });

  test('has no outcome when the replay is stopped during an attempt', async () => {
    const { options, stop } = caller(ok());
    const answered = ask({
      ...options,
      async send() {
        stop.abort();
        throw stop.signal.reason;
      },
    });
    expect(await answered).toBeUndefined();
  });

  test('has no outcome when the replay is stopped while it waits', async () => {
    const { options, stop, attempts } = caller(throttled('1'));
    const answered = ask({
      ...options,
      async sleep() {
        stop.abort();
        throw stop.signal.reason;
      },
    });
    expect(await answered).toBeUndefined();
    expect(attempts()).toBe(1);
  });
});
