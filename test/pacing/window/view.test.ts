import { describe, expect, test } from 'vitest';
import { SlidingLog } from '../../../src/pacing/window/sliding-log.ts';
import { PARTS, viewOf } from '../../../src/pacing/window/view.ts';

const RULES = { limit: 10, windowMs: 60_000, callTimeoutMs: 25_000 };

/** A log in which so many calls were granted at 0 and answered 100 ms later. */
const logOf = (calls: number, remaining?: number): SlidingLog => {
  const log = new SlidingLog(RULES);
  for (let i = 0; i < calls; i++) {
    const entry = log.admit(i < 8 ? 0 : (i - 7) * 30_000);
    if ('retryInMs' in entry) throw new Error('not granted');
    log.complete(entry, 100, { answered: true, remaining: i === calls - 1 ? remaining : undefined });
  }
  return log;
};

describe('the view of a window', () => {
  test('of one that nobody has used is empty, and blocks nobody', () => {
    expect(viewOf(new SlidingLog(RULES), RULES, 0)).toEqual({
      used: 0,
      spaced: 0,
      foreign: 0,
      pausedMs: 0,
      block: undefined,
      frees: new Array(PARTS).fill(0),
    });
  });

  test('counts places apart: as asked, spaced, and of others who use the key', () => {
    // Nine are ours; the upstream says that none is left of ten.
    const view = viewOf(logOf(9, 0), RULES, 30_000);
    expect(view).toMatchObject({ used: 10, spaced: 1, foreign: 1, block: 'full' });
  });

  test('says when places come free: it slides with time', () => {
    const log = logOf(3);
    const early = viewOf(log, RULES, 100).frees;
    const later = viewOf(log, RULES, 30_100).frees;
    expect([early.at(-1), early.indexOf(3)]).toEqual([3, PARTS - 1]);
    expect(later.indexOf(3)).toBe(PARTS / 2);
    expect(viewOf(log, RULES, 60_101)).toMatchObject({ used: 0, frees: new Array(PARTS).fill(0) });
  });

  test('says that the upstream wants to be left alone, and for how long', () => {
    const log = logOf(1);
    log.pause(5000);
    expect(viewOf(log, RULES, 2000)).toMatchObject({ pausedMs: 3000, block: 'paused' });
  });

  test('says that the burst is granted, and the next place not due', () => {
    const log = logOf(8);
    log.admit(200);
    expect(viewOf(log, RULES, 300)).toMatchObject({ block: 'spaced', used: 9, spaced: 1 });
  });
});
