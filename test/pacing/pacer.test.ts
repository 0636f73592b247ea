import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Terms } from '../../src/calls/call.ts';
import { RerankError } from '../../src/calls/errors.ts';
import type { Permit } from '../../src/calls/permit.ts';
import { Pacer } from '../../src/pacing/pacer.ts';
import type { FleetWindow } from '../../src/pacing/window/fleet-window.ts';
import { Circuit } from '../../src/upstream/circuit.ts';
import { Health } from '../../src/upstream/health.ts';
import { memoryWindow } from './memory-window.ts';

const WINDOW_MS = 1000;
const LATENCY_MS = 100;

/** A window that has been running for long. */
const warmWindow = (limit: number): FleetWindow => {
  const window = memoryWindow({ limit, windowMs: WINDOW_MS, callTimeoutMs: 5000 });
  vi.advanceTimersByTime(WINDOW_MS);
  return window;
};

const pacerOf = (limits: readonly number[], maxQueue = 100): Pacer =>
  new Pacer({
    lanes: limits.map((limit, i) => ({
      attachment: `LANE_${i}`,
      window: warmWindow(limit),
      health: new Health({ attachment: new Circuit(), model: new Circuit() }),
    })),
    maxQueue,
    windowMs: WINDOW_MS,
  });

const terms = (over: Partial<Terms> = {}): Terms => ({
  client: 'search',
  urgency: 3,
  deadline: performance.now() + 60_000,
  signal: new AbortController().signal,
  ...over,
});

/** Makes a call that lasts LATENCY_MS; resolves with the time it started and where. */
const call = async (pacer: Pacer, over: Partial<Terms> = {}): Promise<{ at: number; slot: Permit }> => {
  const slot = await pacer.acquire(terms(over));
  const at = performance.now();
  setTimeout(() => slot.release({ verdict: 'scored', answered: true }), LATENCY_MS);
  return { at, slot };
};

const failure = async (promise: Promise<unknown>): Promise<RerankError> => {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(RerankError);
  return error as RerankError;
};

/** Runs the fake clock until a promise settles. */
const settled = async <T>(promise: Promise<T>): Promise<T> => {
  let done = false;
  const watched = promise.finally(() => {
    done = true;
  });
  watched.catch(() => {});
  for (let i = 0; i < 5000 && !done; i++) await vi.advanceTimersByTimeAsync(5);
  return watched;
};

describe('a pacer', () => {
  beforeEach(() => {
    vi.useFakeTimers({
      toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance', 'Date'],
    });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('starts a burst at once, and every call in the end', async () => {
    const pacer = pacerOf([10]);
    const calls = await settled(Promise.all(Array.from({ length: 25 }, () => call(pacer))));
    const start = calls[0]!.at;
    // Eight tenths as asked, and the first of those granted one by one.
    expect(calls.filter(({ at }) => at - start < 100)).toHaveLength(8 + 1);
    expect(pacer.waiting).toBe(0);
  });

  it('adds up the budgets of its attachments', async () => {
    const pacer = pacerOf([10, 10]);
    const calls = await settled(Promise.all(Array.from({ length: 16 }, () => call(pacer))));
    expect(calls.every(({ at }) => at - calls[0]!.at < 100)).toBe(true);
    expect(new Set(calls.map(({ slot }) => slot.attachment))).toEqual(new Set(['LANE_0', 'LANE_1']));
  });

  it('refuses at once a caller whose answer would come after its deadline, and tells it when to come back', async () => {
    const pacer = pacerOf([10]);
    const first = Array.from({ length: 40 }, () => call(pacer));
    const patience = 500;
    const refused = await failure(call(pacer, { deadline: performance.now() + patience }));
    expect(refused.kind).toBe('wait_too_long');

    await vi.advanceTimersByTimeAsync(refused.retryAfterMs!);
    const again = await settled(call(pacer, { deadline: performance.now() + patience }));
    expect(again.slot.attachment).toBe('LANE_0');
    await settled(Promise.all(first));
  });

  it('starts a call that need not wait, however short its patience', async () => {
    const pacer = pacerOf([10]);
    const { slot } = await settled(call(pacer, { deadline: performance.now() + 1 }));
    expect(slot.attachment).toBe('LANE_0');
  });

  it('tells a call that must wait when its answer should be there', async () => {
    const pacer = pacerOf([1]);
    await settled(call(pacer));
    const onQueued = vi.fn<(expected: number) => void>();
    const now = performance.now();
    const waiting = pacer.acquire(terms(), { onQueued });
    const [expected] = onQueued.mock.calls[0]!;
    expect(expected).toBeGreaterThan(now + WINDOW_MS / 2);
    await settled(waiting);
  });

  it('refuses more than may wait', async () => {
    const pacer = pacerOf([1], 3);
    await settled(call(pacer));
    const waiting = Array.from({ length: 3 }, () => call(pacer));
    expect((await failure(call(pacer))).kind).toBe('queue_full');
    await settled(Promise.all(waiting));
  });

  it('refuses none of a burst that the window has room for, however short the queue may be', async () => {
    const pacer = pacerOf([100], 3);
    const calls = await settled(Promise.all(Array.from({ length: 80 }, () => call(pacer))));
    expect(calls).toHaveLength(80);
  });

  it('lets a call leave the queue without using a slot', async () => {
    const pacer = pacerOf([1]);
    await settled(call(pacer));
    const leaver = new AbortController();
    const left = failure(call(pacer, { signal: leaver.signal }));
    const stayed = call(pacer);
    leaver.abort(new RerankError('client_gone'));
    expect((await settled(left)).kind).toBe('client_gone');
    expect(pacer.waiting).toBe(1);
    const before = performance.now();
    const { at } = await settled(stayed);
    expect(at - before).toBeLessThanOrEqual(WINDOW_MS + LATENCY_MS);
  });

  it('grants a slot that was given back to who waits, at once', async () => {
    const pacer = pacerOf([1]);
    const unused = await settled(pacer.acquire(terms()));
    const waiting = call(pacer);
    await vi.advanceTimersByTimeAsync(50);
    expect(pacer.waiting).toBe(1);
    const before = performance.now();
    unused.giveBack();
    const { at } = await settled(waiting);
    expect(at - before).toBeLessThanOrEqual(50);
  });

  it('does not queue a call that nobody wants any more', async () => {
    const pacer = pacerOf([1]);
    const gone = AbortSignal.abort(new RerankError('client_gone'));
    expect((await failure(call(pacer, { signal: gone }))).kind).toBe('client_gone');
    expect(pacer.waiting).toBe(0);
  });

  it('piles up no work for callers that come and go while the window is full', async () => {
    const pacer = pacerOf([1]);
    await settled(call(pacer));
    for (let i = 0; i < 500; i++) {
      const leaver = new AbortController();
      const left = failure(call(pacer, { signal: leaver.signal }));
      leaver.abort(new RerankError('client_gone'));
      await left;
    }
    const before = performance.now();
    const { at } = await settled(call(pacer));
    expect(at - before).toBeLessThanOrEqual(WINDOW_MS + LATENCY_MS + 10);
  });

  it('grants slots fairly between clients, whoever queued first', async () => {
    const pacer = pacerOf([10]);
    const served: string[] = [];
    const by = async (client: string): Promise<void> => {
      await call(pacer, { client });
      served.push(client);
    };
    const all = [
      ...Array.from({ length: 40 }, () => by('evaluation')),
      ...Array.from({ length: 5 }, () => by('search')),
    ];
    await settled(Promise.all(all));
    expect(served.lastIndexOf('search')).toBeLessThan(20);
  });
});
