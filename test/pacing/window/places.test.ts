import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Places, type ToldPlace } from '../../../src/pacing/window/places.ts';
import { type Release, Releases } from '../../../src/pacing/window/releases.ts';

const rules = { limit: 10, windowMs: 1000, callTimeoutMs: 5000 };

const told = (id: string | undefined, releaseAt: number, calls = 1): ToldPlace => ({ id, releaseAt, calls });

describe('the places of a window', () => {
  it('are those of others as Redis tells, and its own as it knows them', () => {
    const places = new Places(rules);
    places.enter('mine', false, 6000, true, 0);
    places.enter('ended', false, 1500, true, 0);
    places.adopt([told('mine', 9000), told('theirs', 700)], [told('spaced', 500)]);
    expect([places.held, places.burst]).toEqual([4, 3]);
    places.forget(600);
    expect([places.held, places.burst]).toEqual([3, 3]);
    places.adopt([], []);
    expect(places.held).toBe(2);
    places.forget(1500);
    expect(places.held).toBe(1);
    expect(places.expected(3000)).toEqual([{ at: 3000, spaced: false, calls: 1 }]);
  });

  it('without names are those of all, of which its own are only some', () => {
    fc.assert(
      fc.property(
        fc.nat(50),
        fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1 }),
        (own, strides) => {
          const places = new Places(rules);
          for (let i = 0; i < own; i++) places.enter(`${i}`, false, 6000 + i, true, 0);
          const list = strides.map((calls, i) => told(undefined, 5000 + i, calls));
          places.adopt(list, []);
          const total = strides.reduce((sum, calls) => sum + calls, 0);
          expect(places.held).toBe(Math.max(total, own));
        },
      ),
    );
  });

  it('of others, of whom the upstream tells again and again, end a window after they were told of', () => {
    const places = new Places(rules);
    places.enterForeign(5, 0);
    // One more all the time: those of the beginning do not go on for ever with them.
    for (let now = 10; now <= 3000; now += 10) {
      places.forget(now);
      places.enterForeign(1, now);
    }
    expect(places.held).toBeLessThanOrEqual(110);
    expect(places.records).toBeLessThan(20);
  });
});

describe('what comes free', () => {
  it('is in order and counted, whatever is added, removed and forgotten', () => {
    const step = fc.record({ add: fc.boolean(), at: fc.nat(20), calls: fc.integer({ min: 1, max: 5 }) });
    fc.assert(
      fc.property(fc.array(step), fc.nat(20), (steps, now) => {
        const releases = new Releases<Release>();
        const kept: Release[] = [];
        for (const { add, at, calls } of steps) {
          if (add || kept.length === 0) {
            kept.push({ releaseAt: at, calls });
            releases.add(kept.at(-1)!);
          } else {
            const [gone] = kept.splice(at % kept.length, 1);
            expect(releases.remove(gone!)).toBe(true);
            expect(releases.remove(gone!)).toBe(false);
          }
        }
        releases.dropUntil(now);
        const left = kept.filter(({ releaseAt }) => releaseAt > now);
        expect([...releases.list].sort(by)).toEqual([...releases.list]);
        expect(new Set(releases.list)).toEqual(new Set(left));
        expect(releases.calls).toBe(left.reduce((sum, { calls }) => sum + calls, 0));
      }),
    );
  });
});

const by = (a: Release, b: Release): number => a.releaseAt - b.releaseAt;
