import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { goAlone, isOver, type Loss, ownPart } from '../../../src/pacing/window/alone.ts';

const rules = { limit: 100, windowMs: 60_000, callTimeoutMs: 25_000 };
const loss = (over: Partial<Loss> = {}): Loss => ({
  rules,
  before: undefined,
  heard: true,
  others: ['web.2', 'web.3', 'web.4'],
  own: 10,
  all: 40,
  ...over,
});

describe('a process that loses Redis', () => {
  it('takes a share of the limit that leaves all others theirs', () => {
    const fleets = fc.record({ limit: fc.integer({ min: 1, max: 1000 }), others: fc.nat(20) });
    fc.assert(
      fc.property(fleets, ({ limit, others }) => {
        const names = Array.from({ length: others }, (_, i) => `web.${i}`);
        const { share } = goAlone(loss({ rules: { ...rules, limit }, others: names }), 0);
        expect(share).toBeGreaterThanOrEqual(1);
        if (limit > others) expect(share * (others + 1)).toBeLessThanOrEqual(limit);
      }),
    );
  });

  it('waits until the others must have noticed, and takes again what it held until all must have ended', () => {
    const { chill, share } = goAlone(loss(), 1000);
    expect(share).toBe(25);
    expect(chill).toMatchObject({ quietUntil: 2250, reuse: 10, probeFrom: 2250, until: 86_000 });
  });

  it('lets no call find out how much room there is, where there can be none', () => {
    expect(goAlone(loss({ all: 95 }), 0).chill!.probeFrom).toBe(1250 + rules.windowMs);
  });

  it('goes on as before when nobody else is there, and all places held are its own', () => {
    expect(goAlone(loss({ others: [], own: 40 }), 0)).toMatchObject({ share: 100, chill: undefined });
    expect(goAlone(loss({ others: [], own: 39 }), 0).chill).toBeDefined();
  });

  it('that never heard of others takes itself for one of eight', () => {
    const { share, chill } = goAlone(loss({ heard: false, others: [] }), 0);
    expect(share).toBe(12);
    expect(chill).toMatchObject({ evenMs: rules.windowMs / 12 });
  });

  it('again, right after it was back, forgets none of those that it knew', () => {
    const before = { ...goAlone(loss(), 0).alone, back: { at: 5000, processes: new Set<string>() } };
    const { alone } = goAlone(loss({ before, others: ['web.9'] }), 6000);
    expect(alone.processes).toBe(4);
    expect([...alone.known.keys()].sort()).toEqual(['web.2', 'web.3', 'web.4', 'web.9']);
    expect([...alone.known.values()].every((until) => until === Number.POSITIVE_INFINITY)).toBe(true);
  });
});

describe('the shared window', () => {
  const known = ['web.2', 'web.3', 'web.4'];
  const backAt = (at: number, processes: readonly string[], now = 0) => ({
    ...goAlone(loss(), now).alone,
    back: { at, processes: new Set(processes) },
  });

  it('is used again when every other process has been heard of, and a moment has passed', () => {
    expect(isOver(backAt(10_000, known), rules, 11_249)).toBe(false);
    expect(isOver(backAt(10_000, known), rules, 11_250)).toBe(true);
    expect(isOver(goAlone(loss(), 0).alone, rules, 99_000)).toBe(false);
  });

  it('is used again without one that does not come back only when its calls must have ended', () => {
    const alone = backAt(10_000, ['web.2', 'web.3']);
    expect(isOver(alone, rules, 10_000 + 84_999)).toBe(false);
    expect(isOver(alone, rules, 10_000 + 85_000)).toBe(true);
  });

  it('does not wait a second time for one that had not come back before Redis was lost again', () => {
    const before = backAt(10_000, ['web.2', 'web.3']);
    const again = goAlone(loss({ before, others: ['web.2', 'web.3'] }), 12_000).alone;
    const endedAt = 10_000 + 1250 + 85_000;
    const back = { at: endedAt - 5000, processes: new Set(['web.2', 'web.3']) };
    expect(isOver({ ...again, back }, rules, endedAt - 1)).toBe(false);
    expect(isOver({ ...again, back }, rules, endedAt)).toBe(true);
  });
});

describe('room that the upstream reports', () => {
  const { alone } = goAlone(loss(), 0);

  it('is divided among all who are on their own, less a reserve', () => {
    expect(ownPart({ answered: true, remaining: 50 }, 2000, alone, 100).remaining).toBe(10);
    expect(ownPart({ answered: true, remaining: 5 }, 2000, alone, 100).remaining).toBe(0);
  });

  it('says nothing when the call is from before, or Redis knows better', () => {
    expect(ownPart({ answered: true, remaining: 50 }, 1249, alone, 100).remaining).toBeUndefined();
    expect(ownPart({ answered: true, remaining: 50 }, 2000, undefined, 100).remaining).toBeUndefined();
  });
});
