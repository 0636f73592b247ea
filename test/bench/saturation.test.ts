import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Answered } from '../support/load.ts';
import type { Limiter } from './limiters.ts';
import { saturate } from './saturation.ts';

const LOAD = { processes: 2, burst: ['one', 'two', 'three'], steadyFromMs: 0, others: 1, durationMs: 50 };

/** Answers in the next turn of the event loop, and keeps what it was asked. */
const limiterOf = (answer: (query: string, nth: number) => Partial<Answered>) => {
  const asked: { readonly process: number; readonly query: string }[] = [];
  const limiter: Limiter = {
    async ask(process, query) {
      const nth = asked.push({ process, query });
      await turn();
      const base = { askedAt: 0, answeredAt: 0, status: 200, retryAfterMs: undefined, queueMs: undefined };
      return { ...base, ...answer(query, nth) };
    },
    stop: async () => {},
  };
  return { limiter, asked };
};

describe('the load of the pacing', () => {
  test('is the burst alone at first, spread over the processes', async () => {
    const { limiter, asked } = limiterOf(() => ({}));
    await saturate(limiter, { ...LOAD, steadyFromMs: 10_000 });
    expect(asked).toEqual([
      { process: 0, query: 'one' },
      { process: 1, query: 'two' },
      { process: 0, query: 'three' },
    ]);
  });

  test('lasts, with something new every time, once all callers have joined', async () => {
    const { limiter, asked } = limiterOf(() => ({}));
    await saturate(limiter, LOAD);
    expect(asked.length).toBeGreaterThan(2 * (LOAD.burst.length + LOAD.others));
    expect(new Set(asked.map(({ query }) => query)).size).toBe(asked.length);
  });

  test('asks the same again when it was refused and told when to come back', async () => {
    const { limiter, asked } = limiterOf((_, nth) => (nth === 1 ? { status: 429, retryAfterMs: 5 } : {}));
    await saturate(limiter, { ...LOAD, burst: ['one'], steadyFromMs: 10_000 });
    expect(asked.map(({ query }) => query)).toEqual(['one', 'one']);
  });

  test('does not ask again within a second when it was refused without a word of when', async () => {
    const { limiter, asked } = limiterOf(() => ({ status: 429 }));
    await saturate(limiter, { ...LOAD, steadyFromMs: 10_000 });
    expect(asked.length).toBe(LOAD.burst.length);
  });

  test('fails when a connection breaks: that is no figure', async () => {
    const { limiter } = limiterOf(() => ({ status: 0 }));
    await expect(saturate(limiter, LOAD)).rejects.toThrow('got 0');
  });
});
