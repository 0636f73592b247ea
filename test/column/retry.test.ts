import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Again, RetryReason } from '../../src/calls/attempt.ts';
import type { ItemCall, ItemReply } from '../../src/calls/call.ts';
import type { Cancellation } from '../../src/calls/cancellation.ts';
import { type ErrorKind, RerankError } from '../../src/calls/errors.ts';
import { DEFAULT_ATTEMPTS, retry } from '../../src/column/retry.ts';
import { aCall, scoresOf } from '../support/fakes.ts';

const PATIENCE_MS = 25_000;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** What becomes of one attempt: time in the queue, then, unless it gets no permit, a call and its end. */
interface Attempt {
  readonly queueMs?: number;
  readonly callMs?: number;
  /** Refused by the queue, no call made. */
  readonly noSlot?: ErrorKind;
  /** Absent: scores. */
  readonly fails?: RerankError;
  readonly attachment?: string;
  /** There is another attachment. */
  readonly replaceable?: boolean;
}

interface Seen {
  readonly again: Again | undefined;
  readonly startedAt: number;
}

const wait = (ms: number, signal: Cancellation): Promise<void> =>
  new Promise((resolve, reject) => {
    setTimeout(resolve, ms);
    signal.addEventListener('abort', () => reject(signal.reason));
  });

/** A queue and an upstream that do as the script says, attempt by attempt; the last line goes on for ever. */
const scripted = (script: readonly Attempt[], random = () => 0.5) => {
  const seen: Seen[] = [];
  const attempts: (Again | undefined)[] = [];
  const retries: RetryReason[] = [];
  const scorer = retry({ onRetry: (_, reason) => retries.push(reason), random })({
    async answer(ask) {
      const { terms, again, onQueued, onStart } = ask;
      const step = script[Math.min(attempts.length, script.length - 1)]!;
      attempts.push(again && { avoid: new Set(again.avoid), never: new Set(again.never) });
      const { queueMs = 0, callMs = 0, noSlot, fails, attachment = 'RERANK', replaceable = false } = step;
      onQueued?.(performance.now() + queueMs + callMs);
      if (noSlot) throw new RerankError(noSlot);
      await wait(queueMs, terms.signal);
      onStart?.(attachment, replaceable);
      seen.push({ again: attempts.at(-1), startedAt: performance.now() });
      await wait(callMs, terms.signal);
      if (fails) throw fails;
      return scoresOf(ask, { timing: { cacheMs: 0, queueMs, upstreamMs: callMs } });
    },
  });
  return { scorer, seen, attempts, retries };
};

/** An ask of a caller who waits for `patienceMs`. */
const asking = ({
  patienceMs = PATIENCE_MS,
  ...over
}: Partial<ItemCall> & { patienceMs?: number } = {}): ItemCall => ({
  ...aCall({ terms: { deadline: performance.now() + patienceMs } }),
  ...over,
});

/** Runs the fake clock until the answer is there; the answer, or the error. */
const outcome = async (promise: Promise<ItemReply>): Promise<ItemReply | RerankError> => {
  const result = promise.catch((thrown: RerankError) => thrown);
  await vi.runAllTimersAsync();
  return result;
};

const failed = (kind: ErrorKind, upstreamStatus?: number): RerankError =>
  new RerankError(kind, undefined, upstreamStatus === undefined ? {} : { upstreamStatus });

const BROKEN = failed('upstream_failed', 500);

describe('a call is made again', () => {
  test.each<[string, RerankError, RetryReason]>([
    ['a 500', failed('upstream_failed', 500), 'failed'],
    ['a 503', failed('upstream_failed', 503), 'failed'],
    ['a broken connection', failed('upstream_failed'), 'failed'],
    ['a 429', failed('upstream_throttled', 429), 'throttled'],
    ['an attempt that took too long', failed('deadline'), 'timeout'],
  ])('after %s, anywhere', async (_, error, reason) => {
    const { scorer, seen, retries } = scripted([{ fails: error }, {}]);
    expect(await outcome(scorer.answer(asking()))).toMatchObject({ spent: 1 });
    expect(seen.map(({ again }) => again)).toEqual([
      undefined,
      { avoid: new Set(['RERANK']), never: new Set() },
    ]);
    expect(retries).toEqual([reason]);
  });

  test.each<[string, RerankError, RetryReason]>([
    ['a key that is refused', failed('upstream_refused_key', 401), 'refused'],
    ['a model that is refused', failed('upstream_forbidden', 403), 'refused'],
    ['a route that is not there', failed('upstream_failed', 404), 'failed'],
    ['a redirect', failed('upstream_failed', 302), 'failed'],
    ['a 200 that is no answer, and is billed', failed('upstream_garbage', 200), 'garbage'],
  ])('after %s, but only elsewhere, and at once', async (_, error, reason) => {
    const { scorer, seen, retries } = scripted([{ fails: error }, { attachment: 'RERANK_EU' }]);
    const began = performance.now();
    expect(await outcome(scorer.answer(asking()))).toMatchObject({ spent: 1 });
    expect(seen[1]).toEqual({
      again: { avoid: new Set(), never: new Set(['RERANK']) },
      startedAt: began,
    });
    expect(retries).toEqual([reason]);
  });

  test('three times in all, and then its caller gets the last error', async () => {
    const last = failed('upstream_failed', 503);
    const { scorer, seen } = scripted([{ fails: BROKEN }, { fails: BROKEN }, { fails: last }]);
    expect(await outcome(scorer.answer(asking()))).toBe(last);
    expect(seen).toHaveLength(3);
  });

  test('after a pause that is drawn anew each time, from twice the range', async () => {
    const { scorer, seen } = scripted([{ fails: BROKEN }], () => 0.999);
    await outcome(scorer.answer(asking()));
    const [first, second, third] = seen.map(({ startedAt }) => startedAt);
    expect(second! - first!).toBeGreaterThan(245);
    expect(second! - first!).toBeLessThan(255);
    expect(third! - second!).toBeGreaterThan(495);
    expect(third! - second!).toBeLessThan(505);

    const lucky = scripted([{ fails: BROKEN }], () => 0);
    await outcome(lucky.scorer.answer(asking()));
    expect(new Set(lucky.seen.map(({ startedAt }) => startedAt)).size).toBe(1);
  });

  test.each([
    ['after the pause that the only attachment wants', false, 5000],
    ['at once elsewhere when another one can be asked', true, 0],
  ])('%s', async (_, replaceable, leastMs) => {
    const unavailable = new RerankError('upstream_unavailable', undefined, {
      upstreamStatus: 503,
      retryAfterMs: 5000,
    });
    const { scorer, seen } = scripted([{ fails: unavailable, replaceable }, {}], () => 0);
    expect(await outcome(scorer.answer(asking()))).toMatchObject({ spent: 1 });
    expect(seen[1]!.startedAt - seen[0]!.startedAt).toBe(leastMs);
  });

  test.each([408, 425])('after a %i, which is about the moment', async (status) => {
    const { scorer, seen } = scripted([{ fails: failed('upstream_failed', status) }, {}]);
    expect(await outcome(scorer.answer(asking()))).toMatchObject({ spent: 1 });
    expect(seen).toHaveLength(2);
  });

  test('and its answer tells the time that all attempts took', async () => {
    const { scorer } = scripted([
      { queueMs: 10, callMs: 100, fails: BROKEN },
      { queueMs: 20, callMs: 200, fails: failed('upstream_throttled', 429) },
      { queueMs: 40, callMs: 400 },
    ]);
    const { timing } = (await outcome(scorer.answer(asking()))) as ItemReply;
    expect(timing.upstreamMs).toBeCloseTo(700, 0);
    // Half of the longest pause of 250 ms is spent waiting, too.
    expect(timing.queueMs).toBeCloseTo(70 + 125, 0);
  });
});

describe('a call is not made again', () => {
  test.each<[string, RerankError]>([
    ['a 400', failed('upstream_invalid', 400)],
    ['a 413', failed('upstream_invalid', 413)],
    ['a 422', failed('upstream_invalid', 422)],
    ['a 407', failed('upstream_failed', 407)],
    ['a page of a firewall', failed('firewall_refused', 403)],
    ['what nobody foresaw', failed('internal')],
  ])('after %s', async (_, error) => {
    const { scorer, seen } = scripted([{ fails: error }, {}]);
    expect(await outcome(scorer.answer(asking()))).toBe(error);
    expect(seen).toHaveLength(1);
  });

  test('when the pause would not end before the deadline: the error is told at once', async () => {
    const { scorer, seen } = scripted([{ callMs: 900, fails: BROKEN }]);
    const began = performance.now();
    const error = scorer.answer(asking({ patienceMs: 1000 })).catch((thrown: unknown) => thrown);
    await vi.advanceTimersByTimeAsync(900);
    expect(await error).toBe(BROKEN);
    expect(performance.now() - began).toBeCloseTo(900, 0);
    expect(seen).toHaveLength(1);
  });

  test.each<ErrorKind>(['wait_too_long', 'no_upstream', 'queue_full'])(
    'when it gets no slot in time (%s): its caller hears what the upstream said',
    async (noSlot) => {
      const throttled = new RerankError('upstream_throttled', undefined, {
        upstreamStatus: 429,
        retryAfterMs: 30_000,
      });
      const { scorer, seen, retries } = scripted([{ fails: throttled }, { noSlot }]);
      expect(await outcome(scorer.answer(asking()))).toBe(throttled);
      expect(seen).toHaveLength(1);
      expect(retries).toEqual([]);
    },
  );

  test('when the first attempt gets no slot', async () => {
    const { scorer, attempts } = scripted([{ noSlot: 'wait_too_long' }]);
    expect(await outcome(scorer.answer(asking()))).toMatchObject({ kind: 'wait_too_long' });
    expect(attempts).toHaveLength(1);
  });

  test.each([
    ['in the queue', { queueMs: 500 }, 100],
    ['during the call', { callMs: 500, fails: failed('upstream_failed', 500) }, 100],
    ['during the pause', { fails: failed('upstream_failed', 500) }, 100],
  ] as const)('for a caller that leaves %s', async (_, first, leavesAfter) => {
    const { scorer, attempts } = scripted([first]);
    const leaver = new AbortController();
    const reason = new RerankError('client_gone');
    const ask = asking();
    const answer = scorer
      .answer({ ...ask, terms: { ...ask.terms, signal: leaver.signal } })
      .catch((thrown: unknown) => thrown);
    await vi.advanceTimersByTimeAsync(leavesAfter);
    leaver.abort(reason);
    expect(await answer).toBe(reason);
    await vi.runAllTimersAsync();
    expect(attempts).toHaveLength(1);
  });
});

describe('those who wait for the answer', () => {
  test('are told how long the queue is for the second attempt, too', async () => {
    const { scorer } = scripted([{ fails: failed('upstream_throttled', 429) }, { queueMs: 5000 }]);
    const onQueued = vi.fn<(expected: number) => void>();
    const began = performance.now();
    await outcome(scorer.answer(asking({ onQueued })));
    expect(onQueued.mock.calls).toEqual([[began], [began + 5000]]);
  });

  test('are not sent away one by one when it is too long for all: they all get the error', async () => {
    const throttled = failed('upstream_throttled', 429);
    const { scorer } = scripted([{ fails: throttled }, { queueMs: 30_000, noSlot: 'wait_too_long' }]);
    const onQueued = vi.fn<(expected: number) => void>();
    expect(await outcome(scorer.answer(asking({ onQueued })))).toBe(throttled);
    expect(onQueued).toHaveBeenCalledTimes(1);
  });
});

describe('whatever the upstream does', () => {
  const REPAIRABLE = [
    failed('upstream_failed', 500),
    failed('upstream_failed'),
    failed('upstream_throttled', 429),
    failed('deadline'),
    failed('upstream_garbage', 200),
    failed('upstream_refused_key', 401),
  ];
  const FINAL = [
    failed('upstream_invalid', 400),
    failed('upstream_failed', 409),
    failed('upstream_failed', 422),
  ];
  const attempt = fc.record({
    queueMs: fc.integer({ min: 0, max: 3000 }),
    callMs: fc.integer({ min: 0, max: 3000 }),
    fails: fc.option(fc.constantFrom(...REPAIRABLE, ...FINAL), { nil: undefined }),
    attachment: fc.constantFrom('RERANK', 'RERANK_EU'),
  });

  test('at most three calls are made, none after the deadline, none after a final word', async () => {
    const cases = fc.record({
      script: fc.array(attempt, { minLength: 1, maxLength: 6 }),
      patienceMs: fc.integer({ min: 1, max: 12_000 }),
      chance: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
    });
    await fc.assert(
      fc.asyncProperty(cases, async ({ script, patienceMs, chance }) => {
        const { scorer, seen } = scripted(script as Attempt[], () => chance);
        const ask = asking({ patienceMs });
        const { deadline } = ask.terms;
        // As the flight does it: when the deadline is over, nobody waits any more.
        const gone = new AbortController();
        const timer = setTimeout(() => gone.abort(failed('deadline')), patienceMs);
        const result = await outcome(scorer.answer({ ...ask, terms: { ...ask.terms, signal: gone.signal } }));
        clearTimeout(timer);

        expect(seen.length).toBeLessThanOrEqual(DEFAULT_ATTEMPTS);
        for (const { startedAt } of seen) expect(startedAt).toBeLessThanOrEqual(deadline);
        const ends = seen.map((_, i) => script[Math.min(i, script.length - 1)]!.fails);
        for (const end of ends.slice(0, -1)) expect(REPAIRABLE).toContain(end);
        if (gone.signal.aborted) return;
        if (result instanceof RerankError) expect(result).toBe(ends.at(-1));
        else expect(ends.at(-1)).toBeUndefined();
      }),
      { numRuns: 300 },
    );
  });
});
