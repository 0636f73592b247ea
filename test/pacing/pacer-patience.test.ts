import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Terms } from '../../src/calls/call.ts';
import { RerankError } from '../../src/calls/errors.ts';
import type { Permit } from '../../src/calls/permit.ts';
import { Pacer } from '../../src/pacing/pacer.ts';
import { seededRandom } from '../../src/simulator/random.ts';
import { Circuit } from '../../src/upstream/circuit.ts';
import { Health } from '../../src/upstream/health.ts';
import { memoryWindow } from './memory-window.ts';

const LIMIT = 250;
const WINDOW_MS = 60_000;
const PATIENCE_MS = 25_000;
const ROUNDS = 5;

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance', 'Date'],
  });
});
afterEach(() => {
  vi.useRealTimers();
});

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const pacerOf = (limit: number): Pacer => {
  const window = memoryWindow({ limit, windowMs: WINDOW_MS, callTimeoutMs: PATIENCE_MS });
  vi.advanceTimersByTime(WINDOW_MS);
  const health = new Health({ attachment: new Circuit(), model: new Circuit() });
  const lanes = [{ attachment: 'LANE', window, health }];
  return new Pacer({ lanes, maxQueue: 1000, windowMs: WINDOW_MS, credit: limit / 10 });
};

interface End {
  readonly client: string;
  /** Of its error; undefined: it was served. */
  readonly kind: string | undefined;
  readonly retryAfterMs: number | undefined;
  readonly afterMs: number;
}

/** What becomes of one call, whose caller gives it up at its deadline. */
const call = async (pacer: Pacer, client: string, latencyMs: number): Promise<End> => {
  const asked = performance.now();
  const deadline = asked + PATIENCE_MS;
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(new RerankError('deadline')), PATIENCE_MS);
  const terms = { client, urgency: 3, deadline, signal: controller.signal };
  const question = `${client} ${asked} ${latencyMs}`;
  try {
    const slot = await pacer.acquire(terms, { question });
    await pause(latencyMs);
    slot.release({ verdict: 'scored', answered: true });
    const kind = performance.now() <= deadline ? undefined : 'deadline';
    return { client, kind, retryAfterMs: undefined, afterMs: performance.now() - asked };
  } catch (thrown) {
    const { kind, retryAfterMs } = thrown as RerankError;
    return { client, kind, retryAfterMs, afterMs: performance.now() - asked };
  } finally {
    clearTimeout(timer);
  }
};

/** Who is refused so soon was never let in. */
const AT_ONCE_MS = 100;

describe('of the calls that are let in', () => {
  it.each([
    // As made-up-load.ts in src/tools/stack: a search that asks all the time, and an evaluation once a minute.
    { bulk: 210, everyMs: 400, share: 0.3, firstAt: 20_000 },
    { bulk: 210, everyMs: 400, share: 0.3, firstAt: 100 },
    { bulk: 210, everyMs: 400, share: 1, firstAt: 20_000 },
    { bulk: 300, everyMs: 1000, share: 1, firstAt: 5000 },
    { bulk: 45, everyMs: 250, share: 1, firstAt: 30_000 },
  ])(
    'at most one in a hundred is not served, and none waits in vain to the end: %j',
    async ({ bulk, everyMs, share, firstAt }) => {
      const pacer = pacerOf(LIMIT);
      const random = seededRandom(3);
      const ends: End[] = [];
      const one = (client: string): void =>
        void call(pacer, client, 150 + 250 * random()).then((end) => ends.push(end));
      const steady = setInterval(() => random() < share && one('search'), everyMs);
      for (let round = 0; round < ROUNDS; round++) {
        await vi.advanceTimersByTimeAsync(firstAt);
        for (let i = 0; i < bulk; i++) {
          one('evaluation');
          await vi.advanceTimersByTimeAsync(10);
        }
        await vi.advanceTimersByTimeAsync(WINDOW_MS - firstAt - 10 * bulk);
      }
      clearInterval(steady);
      await vi.advanceTimersByTimeAsync(PATIENCE_MS + 1000);

      const admitted = ends.filter(({ kind, afterMs }) => kind === undefined || afterMs > AT_ONCE_MS);
      const late = admitted.filter(({ kind }) => kind !== undefined);
      expect(admitted.length).toBeGreaterThan(ROUNDS * Math.min(bulk, 0.7 * LIMIT));
      expect(late.length / admitted.length).toBeLessThanOrEqual(0.01);
      for (const { kind, retryAfterMs, afterMs } of late) {
        expect(kind).toBe('wait_too_long');
        expect(retryAfterMs).toBeGreaterThanOrEqual(1000);
        expect(afterMs).toBeLessThan(PATIENCE_MS);
      }
      // Nobody is kept out for the sake of those promises.
      const asked = ends.length / ROUNDS;
      const served = (admitted.length - late.length) / ROUNDS;
      expect(served).toBeGreaterThan(Math.min(0.93 * LIMIT, 0.99 * asked));
    },
  );
});

describe('of the calls that many callers make who ask again as soon as they are answered', () => {
  it.each([
    { evaluation: 50, search: 5 },
    { evaluation: 45, search: 2 },
    { evaluation: 100, search: 30, chatbot: 10 },
  ])('at most one in a hundred is let in and not served: %j', async (callers) => {
    const pacer = pacerOf(LIMIT);
    const random = seededRandom(5);
    const ends: End[] = [];
    let over = false;
    const caller = async (client: string): Promise<void> => {
      while (!over) {
        const end = await call(pacer, client, 150 + 100 * random());
        ends.push(end);
        await pause(end.retryAfterMs === undefined ? 10 * random() : end.retryAfterMs * (1 + 0.2 * random()));
      }
    };
    for (const [client, count] of Object.entries(callers)) {
      for (let i = 0; i < count; i++) void caller(client);
    }
    await vi.advanceTimersByTimeAsync(6 * WINDOW_MS);
    over = true;
    const admitted = ends.filter(({ kind, afterMs }) => kind === undefined || afterMs > AT_ONCE_MS);
    const late = admitted.filter(({ kind }) => kind !== undefined);
    expect(late.length / admitted.length).toBeLessThanOrEqual(0.01);
    expect(late.filter(({ kind }) => kind !== 'wait_too_long')).toEqual([]);
    // All of the limit is used, in every window.
    expect((admitted.length - late.length) / 6).toBeGreaterThan(0.97 * LIMIT);
  });
});

/** All that a window of sixty grants at once. */
const taken = async (pacer: Pacer, terms: Terms): Promise<Permit[]> => {
  const slots = Promise.all(Array.from({ length: 49 }, () => pacer.acquire(terms)));
  await vi.advanceTimersByTimeAsync(50);
  return slots;
};

describe('calls that wait when the upstream wants to be left alone for longer than they would wait', () => {
  it('are refused as soon as that is seen, and told to come back after it', async () => {
    const pacer = pacerOf(60);
    const signal = new AbortController().signal;
    const terms = { client: 'search', urgency: 3, deadline: Number.MAX_VALUE, signal };
    const slots = await taken(pacer, terms);
    const waiting = Array.from({ length: 4 }, () => call(pacer, 'search', 200));
    await vi.advanceTimersByTimeAsync(100);
    expect(pacer.waiting).toBeGreaterThan(0);
    for (const slot of slots) slot.release({ verdict: 'alive', answered: true, pauseMs: 40_000 });
    const before = performance.now();
    let ended = 0;
    for (const each of waiting) void each.then(() => ended++);
    await vi.advanceTimersByTimeAsync(1000);
    const ends = await Promise.all(waiting);
    const refused = ends.filter(({ kind }) => kind === 'wait_too_long');
    expect(refused.length).toBeGreaterThan(0);
    expect(performance.now() - before).toBeLessThanOrEqual(1000);
    for (const { retryAfterMs } of refused) expect(retryAfterMs).toBeGreaterThan(40_000 - PATIENCE_MS - 1000);
    expect(pacer.waiting).toBe(0);
  });
});

describe('a call that several wait for', () => {
  it('is told that its answer comes later than was said, and goes on waiting for the most patient', async () => {
    const pacer = pacerOf(60);
    const controller = new AbortController();
    const terms = {
      client: 'search',
      urgency: 3,
      deadline: performance.now() + 120_000,
      signal: controller.signal,
    };
    const slots = await taken(pacer, terms);
    const told: number[] = [];
    const waiting = pacer.acquire(terms, { onQueued: (answerAt) => told.push(answerAt) });
    waiting.catch(() => {});
    await vi.advanceTimersByTimeAsync(10);
    const before = told.at(-1)!;
    slots[0]!.release({ verdict: 'alive', answered: true, pauseMs: before - performance.now() + 20_000 });
    await vi.advanceTimersByTimeAsync(1000);
    expect(told.at(-1)).toBeGreaterThan(before + 19_000);
    expect(pacer.waiting).toBe(1);
    controller.abort(new RerankError('client_gone'));
  });
});
