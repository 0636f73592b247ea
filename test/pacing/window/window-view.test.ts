import { describe, expect, it } from 'vitest';
import { startsOf } from '../../../src/pacing/window/schedule.ts';
import { WindowView } from '../../../src/pacing/window/window-view.ts';

const rules = { limit: 10, windowMs: 1000, callTimeoutMs: 5000 };
const LATENCY_MS = 100;

describe('what a process knows of a shared window', () => {
  it('forecasts no wait for a process whose calls have ended a window ago', () => {
    const view = new WindowView(rules);
    for (let i = 0; i < 10; i++) view.set(String(i), { spaced: false, releaseAt: 6000 }, 0);
    for (let i = 0; i < 10; i++) view.set(String(i), { spaced: false, releaseAt: 1100 }, 100);
    expect(view.used(1101)).toBe(0);
    expect(startsOf(view.schedule(1101, LATENCY_MS), 8)).toEqual(new Array(8).fill(0));
  });

  it('takes a call in flight to last as long as calls do, not as long as one may', () => {
    const view = new WindowView({ ...rules, limit: 1 });
    view.set('a', { spaced: false, releaseAt: 6000 }, 0);
    expect(view.schedule(0, LATENCY_MS).startOf(0)).toBe(1100);
  });

  it('gives back what was not used', () => {
    const view = new WindowView(rules);
    view.set('a', { spaced: false, releaseAt: 6000 }, 0);
    view.delete('a');
    expect(view.used(0)).toBe(0);
  });

  it('believes Redis rather than itself', () => {
    const view = new WindowView(rules);
    view.set('a', { spaced: false, releaseAt: 6000 }, 0);
    const places = new Map([
      ['b', { spaced: true, releaseAt: 500 }],
      ['c', { spaced: false, releaseAt: 700 }],
    ]);
    view.replace({ places, nextSpaced: 300, pausedUntil: 0 });
    expect(view.used(0)).toBe(2);
    expect(view.used(600)).toBe(1);
  });
});
