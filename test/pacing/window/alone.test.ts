import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allowed, goAlone, isOver, type Loss, ownPart } from '../../../src/pacing/window/alone.ts';

const rules = { limit: 100, windowMs: 60_000, callTimeoutMs: 25_000 };
const loss = (over: Partial<Loss> = {}): Loss => ({
  rules,
  before: undefined,
  heardMs: 60_000,
  others: ['web.2', 'web.3', 'web.4'],
  own: 10,
  all: 40,
  ...over,
});
const allowanceOf = (over: Partial<Loss> = {}, now = 0) => goAlone(loss(over), now).allowance;

describe('a process that loses Redis', () => {
  it('takes a share of the limit that leaves all others theirs', () => {
    const fleets = fc.record({ limit: fc.integer({ min: 1, max: 1000 }), others: fc.nat(20) });
    fc.assert(
      fc.property(fleets, ({ limit, others }) => {
        const names = Array.from({ length: others }, (_, i) => `web.${i}`);
        const { share } = allowanceOf({ rules: { ...rules, limit }, others: names });
        expect(share).toBeGreaterThanOrEqual(1);
        if (limit > others) expect(share * (others + 1)).toBeLessThanOrEqual(limit);
      }),
    );
  });

  it('waits until the others must have noticed, takes again what it held until all must have ended, then its share', () => {
    const allowance = allowanceOf({}, 1000);
    expect(allowance.from).toBe(2250);
    expect(allowed(allowance, 85_999)).toBe(10);
    expect(allowed(allowance, 86_000)).toBe(25);
  });

  it('takes again no more than its share', () => {
    expect(allowed(allowanceOf({ own: 60, all: 90 }), 2000)).toBe(25);
  });

  it('that held nothing may hold one place, at once where all had room for one, else a window later', () => {
    expect(allowanceOf({ own: 0, all: 96 })).toMatchObject({ from: 1250, first: 1 });
    expect(allowanceOf({ own: 0, all: 97 })).toMatchObject({ from: 1250 + rules.windowMs, first: 1 });
  });

  it('goes on as before when nobody else is there, and all places held are its own', () => {
    const sole = allowanceOf({ others: [], own: 40 }, 5);
    expect(sole.from).toBe(5);
    expect(allowed(sole, 5)).toBe(100);
    expect(allowed(allowanceOf({ others: [], own: 39 }), 5)).toBe(39);
  });

  it('that never heard of others takes itself for one of eight', () => {
    const allowance = allowanceOf({ heardMs: undefined, others: [] }, 5);
    expect(allowance.from).toBe(5);
    expect(allowed(allowance, 5)).toBe(12);
  });

  it('that has only just come takes itself for one of eight, too: the others may not have heard of it', () => {
    expect(allowanceOf({ heardMs: 1249 }).share).toBe(12);
    expect(allowanceOf({ heardMs: 1250 }).share).toBe(25);
    expect(allowanceOf({ heardMs: 0, others: Array.from({ length: 19 }, (_, i) => `web.${i}`) }).share).toBe(
      5,
    );
  });

  it('that has only just come, and knows of nobody else and no other call, has that share at once', () => {
    const allowance = allowanceOf({ heardMs: 300, others: [], own: 1, all: 1 }, 5);
    expect(allowance).toMatchObject({ from: 5, first: 12, share: 12 });
    expect(allowanceOf({ heardMs: 300, others: [], own: 1, all: 2 }).first).toBe(1);
  });

  it('again, right after it was back, forgets none of those that it knew', () => {
    const before = { ...goAlone(loss(), 0), back: { at: 5000, processes: new Set<string>() } };
    const alone = goAlone(loss({ before, others: ['web.9'] }), 6000);
    expect(alone.processes).toBe(4);
    expect([...alone.known.keys()].sort()).toEqual(['web.2', 'web.3', 'web.4', 'web.9']);
    expect([...alone.known.values()].every((endedAt) => endedAt === undefined)).toBe(true);
  });
});

describe('the shared window', () => {
  const known = ['web.2', 'web.3', 'web.4'];
  const backAt = (at: number, processes: readonly string[], now = 0) => ({
    ...goAlone(loss(), now),
    back: { at, processes: new Set(processes) },
  });

  it('is used again when every other process has been heard of, and a moment has passed', () => {
    expect(isOver(backAt(10_000, known), rules, 11_249)).toBe(false);
    expect(isOver(backAt(10_000, known), rules, 11_250)).toBe(true);
    expect(isOver(goAlone(loss(), 0), rules, 99_000)).toBe(false);
  });

  it('is used again without one that does not come back only when its calls must have ended', () => {
    const alone = backAt(10_000, ['web.2', 'web.3']);
    expect(isOver(alone, rules, 10_000 + 84_999)).toBe(false);
    expect(isOver(alone, rules, 10_000 + 85_000)).toBe(true);
  });

  it('does not wait a second time for one that had not come back before Redis was lost again', () => {
    const before = backAt(10_000, ['web.2', 'web.3']);
    const again = goAlone(loss({ before, others: ['web.2', 'web.3'] }), 12_000);
    const endedAt = 10_000 + 1250 + 85_000;
    const back = { at: endedAt - 5000, processes: new Set(['web.2', 'web.3']) };
    expect(isOver({ ...again, back }, rules, endedAt - 1)).toBe(false);
    expect(isOver({ ...again, back }, rules, endedAt)).toBe(true);
  });
});

describe('room that the upstream reports', () => {
  it('is divided among all who are on their own', () => {
    const alone = goAlone(loss(), 0);
    expect(ownPart({ answered: true, remaining: 50 }, alone).remaining).toBe(12);
    expect(ownPart({ answered: true, remaining: 3 }, alone).remaining).toBe(0);
  });

  it('says nothing where Redis knows better', () => {
    expect(ownPart({ answered: true, remaining: 50 }, undefined).remaining).toBeUndefined();
  });
});
