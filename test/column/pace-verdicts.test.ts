import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { ItemCall, Service } from '../../src/calls/call.ts';
import { type ErrorDetails, type ErrorKind, RerankError } from '../../src/calls/errors.ts';
import type { CallOutcome, Permits } from '../../src/calls/permit.ts';
import { pace } from '../../src/column/pace.ts';
import { aCall, failure, ScriptedScorer, stack, turns } from '../support/fakes.ts';

const ATTEMPT_MS = 15_000;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A call that holds a permit, and what its permit is told when it ends. */
const aSentCall = async ({
  replaceable = false,
  patienceMs = 60_000,
  inner = new ScriptedScorer() as Service,
} = {}) => {
  const outcomes: CallOutcome[] = [];
  const permit = {
    attachment: 'RERANK_EU',
    replaceable,
    wait: { predictedMs: 0, reason: 'none' },
    release: (outcome: CallOutcome) => void outcomes.push(outcome),
    giveBack: () => expect.unreachable('the call was sent'),
  };
  const permits: Permits = { acquire: async () => permit };
  const leaver = new AbortController();
  const ask: ItemCall = {
    ...aCall({ terms: { deadline: performance.now() + patienceMs, signal: leaver.signal } }),
    onStart: vi.fn(),
  };
  const sending: Service = {
    answer: (ask) => {
      ask.onSend?.();
      return inner.answer(ask);
    },
  };
  const answer = stack(sending, pace({ permits: () => permits, attemptMs: ATTEMPT_MS })).answer(ask);
  answer.catch(() => {});
  await turns();
  return { answer, outcomes, leave: (reason: RerankError) => leaver.abort(reason), onStart: ask.onStart };
};

const failing = async (kind: ErrorKind, details: ErrorDetails = {}): Promise<CallOutcome> => {
  const inner = new ScriptedScorer();
  const { answer, outcomes } = await aSentCall({ inner });
  inner.calls[0]!.fail(new RerankError(kind, undefined, details));
  await failure(answer);
  return outcomes[0]!;
};

/** An upstream that never answers. */
const silent: Service = {
  answer: ({ terms }) =>
    new Promise((_, reject) => {
      terms.signal.addEventListener('abort', () => reject(terms.signal.reason));
    }),
};

describe('what the end of a call says of the attachment', () => {
  test('scores: it does what it is for', async () => {
    const inner = new ScriptedScorer();
    const { answer, outcomes } = await aSentCall({ inner });
    inner.calls[0]!.answer({ rateLimit: { 'x-ratelimit-remaining-requests': '17' } });
    await answer;
    expect(outcomes).toEqual([{ verdict: 'scored', answered: true, remaining: 17, pauseMs: undefined }]);
  });

  test.each<[ErrorKind, number | undefined, CallOutcome['verdict']]>([
    ['upstream_failed', 500, 'failed'],
    ['upstream_failed', 503, 'failed'],
    ['upstream_failed', undefined, 'failed'],
    ['upstream_failed', 404, 'failed'],
    ['upstream_failed', 302, 'failed'],
    ['upstream_garbage', 200, 'failed'],
    ['upstream_unreachable', undefined, 'unreachable'],
    ['upstream_failed', 413, 'alive'],
    ['upstream_failed', 422, 'alive'],
    ['upstream_invalid', 400, 'alive'],
    ['upstream_throttled', 429, 'alive'],
    ['upstream_refused_key', 401, 'refused_key'],
    ['upstream_forbidden', 403, 'refused_model'],
    // A connection that could not be made in time.
    ['deadline', undefined, 'failed'],
    ['internal', undefined, 'unknown'],
  ])('%s (%s): %s', async (kind, upstreamStatus, verdict) => {
    const outcome = await failing(kind, upstreamStatus === undefined ? {} : { upstreamStatus });
    expect(outcome).toMatchObject({ verdict, answered: upstreamStatus !== undefined });
  });

  test.each(['client_gone', 'deadline', 'draining'] as const)(
    'nothing, when nobody waits for it any more (%s)',
    async (kind) => {
      const { answer, outcomes, leave } = await aSentCall({ inner: silent });
      await vi.advanceTimersByTimeAsync(10_000);
      leave(new RerankError(kind));
      await failure(answer);
      expect(outcomes[0]).toMatchObject({ verdict: 'unknown', answered: false });
    },
  );
});

describe('a call without an answer', () => {
  test('is given up after a while, and is a failure', async () => {
    const { answer, outcomes } = await aSentCall({ inner: silent });
    await vi.advanceTimersByTimeAsync(ATTEMPT_MS - 1);
    expect(outcomes).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect((await failure(answer)).kind).toBe('deadline');
    expect(outcomes[0]!.verdict).toBe('failed');
  });

  test('is given up sooner by those in a hurry, where there is another attachment; that says nothing', async () => {
    const { answer, outcomes } = await aSentCall({ inner: silent, replaceable: true, patienceMs: 5000 });
    await vi.advanceTimersByTimeAsync(2999);
    expect(outcomes).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect((await failure(answer)).kind).toBe('deadline');
    expect(outcomes[0]!.verdict).toBe('unknown');
  });

  test('is not given up by those in a hurry where there is no other attachment', async () => {
    const { outcomes } = await aSentCall({ inner: silent, patienceMs: 5000 });
    await vi.advanceTimersByTimeAsync(5000);
    expect(outcomes).toEqual([]);
  });

  test('leaves no timer behind when it is answered', async () => {
    const inner = new ScriptedScorer();
    const { answer } = await aSentCall({ inner });
    inner.calls[0]!.answer();
    await answer;
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('a 429', () => {
  const throttled = (details: ErrorDetails): Promise<CallOutcome> =>
    failing('upstream_throttled', { upstreamStatus: 429, ...details });

  test('without a word more means that there is no room', async () => {
    expect(await throttled({})).toMatchObject({ remaining: 0, pauseMs: undefined });
  });

  test('with a Retry-After means a pause of that length, and a minute at most', async () => {
    expect(await throttled({ retryAfterMs: 3000 })).toMatchObject({ remaining: undefined, pauseMs: 3000 });
    expect(await throttled({ retryAfterMs: 3_600_000 })).toMatchObject({ pauseMs: 60_000 });
  });

  test('that says how much room there is is believed', async () => {
    const rateLimit = { 'x-ratelimit-remaining-requests': '2' };
    expect(await throttled({ rateLimit })).toMatchObject({ remaining: 2 });
  });

  test('pauses for its Retry-After and no longer, though it says that there is no room', async () => {
    const rateLimit = { 'x-ratelimit-remaining-requests': '0' };
    const outcome = await throttled({ rateLimit, retryAfterMs: 1000 });
    expect(outcome).toMatchObject({ remaining: undefined, pauseMs: 1000 });
  });
});

test('whoever asks is told at which attachment the call is made', async () => {
  const { onStart } = await aSentCall();
  expect(onStart).toHaveBeenCalledExactlyOnceWith('RERANK_EU', false);
});
