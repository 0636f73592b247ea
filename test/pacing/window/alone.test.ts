import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allowed, goAlone, isOver, type Loss, ownPart } from '../../../src/pacing/window/alone.ts';
import type { Amount } from '../../../src/pacing/window/amount.ts';

/** Of a model whose tokens are not limited. */
const calls = (calls: number): Amount => ({ calls, tokens: 0 });

const rules = { limit: 100, windowMs: 60_000, callTimeoutMs: 25_000 };
const loss = (over: Partial<Loss> = {}): Loss => ({
  rules,
  before: undefined,
  heardMs: 60_000,
  others: ['web.2', 'web.3', 'web.4'],
  own: calls(10),
  all: calls(40),
  ...over,
});
const allowanceOf = (over: Partial<Loss> = {}, now = 0) => goAlone(loss(over), now);

describe('a process that loses Redis', () => {
  it('takes a share of the limit that leaves all others theirs', () => {
    const fleets = fc.record({ limit: fc.integer({ min: 1, max: 1000 }), others: fc.nat(20) });
    fc.assert(
      fc.property(fleets, ({ limit, others }) => {
        const names = Array.from({ length: others }, (_, i) => `web.${i}`);
        const { share } = allowanceOf({ rules: { ...rules, limit }, others: names });
        expect(share.calls).toBeGreaterThanOrEqual(1);
        if (limit > others) expect(share.calls * (others + 1)).toBeLessThanOrEqual(limit);
      }),
    );
  });

  it('waits until the others must have noticed, takes again what it held until all must have ended, then its share', () => {
    const allowance = allowanceOf({}, 1000);
    expect(allowance.from).toBe(2250);
    expect(allowed(allowance, 85_999).calls).toBe(10);
    expect(allowed(allowance, 86_000).calls).toBe(25);
  });

  it('takes again no more than its share', () => {
    expect(allowed(allowanceOf({ own: calls(60), all: calls(90) }), 2000).calls).toBe(25);
  });

  it('that held nothing may hold one place, at once where all had room for one, else a window later', () => {
    expect(allowanceOf({ own: calls(0), all: calls(96) })).toMatchObject({ from: 1250, first: { calls: 1 } });
    expect(allowanceOf({ own: calls(0), all: calls(97) })).toMatchObject({
      from: 1250 + rules.windowMs,
      first: { calls: 1 },
    });
  });

  it('goes on as before when nobody else is there, and all places held are its own', () => {
    const sole = allowanceOf({ others: [], own: calls(40) }, 5);
    expect(sole.from).toBe(5);
    expect(allowed(sole, 5).calls).toBe(100);
    expect(allowed(allowanceOf({ others: [], own: calls(39) }), 5).calls).toBe(39);
  });

  it('that never heard of others takes itself for one of eight', () => {
    const allowance = allowanceOf({ heardMs: undefined, others: [] }, 5);
    expect(allowance.from).toBe(5);
    expect(allowed(allowance, 5).calls).toBe(12);
  });

  it('that has only just come takes itself for one of eight, too: the others may not have heard of it', () => {
    expect(allowanceOf({ heardMs: 1249 }).share.calls).toBe(12);
    expect(allowanceOf({ heardMs: 1250 }).share.calls).toBe(25);
    expect(
      allowanceOf({ heardMs: 0, others: Array.from({ length: 19 }, (_, i) => `web.${i}`) }).share.calls,
    ).toBe(5);
  });

  it('that has only just come, and knows of nobody else and no other call, has that share at once', () => {
    const allowance = allowanceOf({ heardMs: 300, others: [], own: calls(1), all: calls(1) }, 5);
    expect(allowance).toMatchObject({ from: 5, first: { calls: 12 }, share: { calls: 12 } });
    expect(allowanceOf({ heardMs: 300, others: [], own: calls(1), all: calls(2) }).first.calls).toBe(1);
  });

  it('again, right after it was back, forgets none of those that it knew', () => {
    const before = { ...goAlone(loss(), 0), back: { at: 5000, processes: new Set<string>() } };
    const alone = goAlone(loss({ before, others: ['web.9'] }), 6000);
    expect(alone.processes).toBe(4);
    expect([...alone.known.keys()].sort()).toEqual(['web.2', 'web.3', 'web.4', 'web.9']);
    expect([...alone.known.values()].every((endedAt) => endedAt === Number.POSITIVE_INFINITY)).toBe(true);
  });
});

describe('a process that loses Redis, of a model whose tokens are limited', () => {
  const limited = { ...rules, tokenLimit: 8000 };
  const [own, all] = [
    { calls: 10, tokens: 300 },
    { calls: 40, tokens: 7000 },
  ];

  it('takes again the tokens that it held, then its share of them', () => {
    const allowance = allowanceOf({ rules: limited, own, all });
    expect(allowed(allowance, 84_999)).toEqual({ calls: 10, tokens: 300 });
    expect(allowed(allowance, 85_000)).toEqual({ calls: 25, tokens: 2000 });
    const large = allowanceOf({ rules: limited, own: { calls: 1, tokens: 6000 }, all });
    expect(allowed(large, 2000)).toEqual({ calls: 1, tokens: 2000 });
  });

  it('takes none while those of others may still count, if it held none: all together hold no more than there are', () => {
    const held = fc.array(fc.nat({ max: 3000 }), { minLength: 2, maxLength: 8 });
    fc.assert(
      fc.property(held, (tokens) => {
        const together = tokens.reduce((sum, each) => sum + each, 0);
        const others = tokens.slice(1).map((_, i) => `web.${i}`);
        const firsts = tokens.map((each) => {
          const loss = { own: { calls: 5, tokens: each }, all: { calls: 40, tokens: together } };
          return allowanceOf({ rules: limited, others, ...loss }).first.tokens;
        });
        expect(firsts.every((first, i) => first <= tokens[i]!)).toBe(true);
        expect(firsts.reduce((sum, each) => sum + each, 0)).toBeLessThanOrEqual(limited.tokenLimit);
      }),
    );
  });

  it('goes on as before when nobody else is there, and all tokens held are its own', () => {
    const sole = allowanceOf({ rules: limited, others: [], own, all: own }, 5);
    expect(allowed(sole, 5)).toEqual({ calls: 100, tokens: 8000 });
    expect(
      allowed(allowanceOf({ rules: limited, others: [], own, all: { ...own, tokens: 301 } }), 5).tokens,
    ).toBe(300);
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
    expect(ownPart({ answered: true, remaining: 50 }, alone.processes).remaining).toBe(12);
    expect(ownPart({ answered: true, remaining: 3 }, alone.processes).remaining).toBe(0);
  });

  it('is divided in tokens, too', () => {
    const alone = goAlone(loss(), 0);
    const outcome = { answered: true, remaining: 50, remainingTokens: 1003 };
    expect(ownPart(outcome, alone.processes)).toMatchObject({ remaining: 12, remainingTokens: 250 });
    expect(ownPart(outcome, undefined).remainingTokens).toBeUndefined();
  });

  it('says nothing where Redis knows better', () => {
    expect(ownPart({ answered: true, remaining: 50 }, undefined).remaining).toBeUndefined();
  });
});
