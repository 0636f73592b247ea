import { beforeEach, describe, expect, test } from 'vitest';
import { PARTS, type WindowView, windowViewOf } from '../../src/console/lane-view.ts';
import { FleetWindow } from '../../src/pacing/window/fleet-window.ts';
import type { CallOutcome } from '../../src/pacing/window/window.ts';

const RULES = { limit: 10, windowMs: 60_000, callTimeoutMs: 25_000 };

let time: number;
let window: FleetWindow;

/** One that trusts itself by now. */
beforeEach(() => {
  time = -RULES.windowMs;
  window = new FleetWindow({ rules: RULES, now: () => time });
  time = 0;
});

/** A call that is granted at a moment, and answered at another. */
const call = async (at: number, answeredAt: number, outcome: Partial<CallOutcome> = {}): Promise<void> => {
  time = at;
  const admission = await window.admit(1);
  if ('retryInMs' in admission) throw new Error('not granted');
  time = answeredAt;
  admission.grants[0]!.entry.complete({ answered: true, ...outcome });
};

const viewAt = (at: number): WindowView => {
  time = at;
  return windowViewOf(window.look(), RULES);
};

describe('the view of a window', () => {
  test('of one that nobody has used is empty, and blocks nobody', () => {
    expect(viewAt(0)).toEqual({
      limit: 10,
      used: 0,
      spaced: 0,
      foreign: 0,
      pausedMs: 0,
      block: undefined,
      frees: new Array(PARTS).fill(0),
    });
  });

  test('counts places apart: as asked, spaced, and of others who use the key', async () => {
    // Nine are ours; the upstream says that none is left of ten.
    for (let i = 0; i < 9; i++) await call(0, 100, { remaining: i === 8 ? 0 : undefined });
    expect(viewAt(30_000)).toMatchObject({ used: 10, spaced: 1, foreign: 1, block: 'full' });
  });

  test('says when places come free: it slides with time', async () => {
    for (let i = 0; i < 3; i++) await call(0, 100);
    const early = viewAt(100).frees;
    const later = viewAt(30_100).frees;
    expect([early.at(-1), early.indexOf(3)]).toEqual([3, PARTS - 1]);
    expect(later.indexOf(3)).toBe(PARTS / 2);
    expect(viewAt(60_101)).toMatchObject({ used: 0, frees: new Array(PARTS).fill(0) });
  });

  test('says that the upstream wants to be left alone, and for how long', async () => {
    await call(0, 100, { pauseMs: 4900 });
    expect(viewAt(2000)).toMatchObject({ pausedMs: 3000, block: 'paused' });
  });

  test('says that the burst is granted, and the next place not due', async () => {
    for (let i = 0; i < 9; i++) await call(0, 100);
    expect(viewAt(300)).toMatchObject({ block: 'spaced', used: 9, spaced: 1 });
  });
});
