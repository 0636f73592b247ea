import { describe, expect, test } from 'vitest';
import { openLoop } from '../../../src/tools/replay/schedule.ts';

/** A clock that only sleeping moves, by a little less than asked for: timers may fire early. */
const clock = (early = 0) => {
  let now = 1000;
  return {
    now: () => now,
    sleep: async (ms: number) => {
      now += Math.max(0.25, ms - early);
    },
    advance: (ms: number) => {
      now += ms;
    },
  };
};

const never = new AbortController().signal;

describe('the open loop', () => {
  test('launches every item when it is due, without waiting for others to finish', async () => {
    const { now, sleep } = clock(0.5);
    const launched: [number, number, number][] = [];
    let finish = (): void => {};
    const finished = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const done = openLoop({
      items: [0, 40, 40, 100],
      dueAt: (at) => at,
      launch: (at, dueAt) => {
        launched.push([at, dueAt, now()]);
        if (launched.length === 4) finish();
        return finished;
      },
      signal: never,
      now,
      sleep,
    });
    await done;
    expect(launched.map(([at, dueAt]) => [at, dueAt])).toEqual([
      [0, 1000],
      [40, 1040],
      [40, 1040],
      [100, 1100],
    ]);
    for (const [, dueAt, at] of launched) {
      expect(at).toBeGreaterThanOrEqual(dueAt);
      expect(at).toBeLessThanOrEqual(dueAt + 1);
    }
  });

  test('catches up at once when it is late, and still tells when each item was due', async () => {
    const { now, sleep, advance } = clock();
    const launched: [number, number][] = [];
    await openLoop({
      items: [0, 10, 20],
      dueAt: (at) => at,
      launch: async (_, dueAt) => {
        launched.push([dueAt, now()]);
        advance(50);
      },
      signal: never,
      now,
      sleep,
    });
    expect(launched).toEqual([
      [1000, 1000],
      [1010, 1050],
      [1020, 1100],
    ]);
  });

  test('ends only when everything launched has ended', async () => {
    let ended = false;
    await openLoop({
      items: [0],
      dueAt: (at) => at,
      launch: async () => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        ended = true;
      },
      signal: never,
    });
    expect(ended).toBe(true);
  });

  test('launches nothing more once it is stopped', async () => {
    const stop = new AbortController();
    const launched: number[] = [];
    await openLoop({
      items: [0, 0, 60_000],
      dueAt: (at) => at,
      launch: async (at) => {
        launched.push(at);
        setTimeout(() => stop.abort(), 10);
      },
      signal: stop.signal,
    });
    expect(launched).toEqual([0, 0]);
  });
});
