import fc from 'fast-check';
import { expect, it } from 'vitest';
import { NOTHING, sum } from '../../../src/pacing/window/amount.ts';
import { type Permit, Permits } from '../../../src/pacing/window/permits.ts';
import { type LogEntry, SlidingLog } from '../../../src/pacing/window/sliding-log.ts';

const amountOfAll = (permits: readonly Permit[]) => permits.reduce(sum, NOTHING);

it('permits are in order and counted, whatever is added, removed and forgotten', () => {
  const step = fc.record({
    add: fc.boolean(),
    at: fc.nat(20),
    calls: fc.integer({ min: 0, max: 5 }),
    tokens: fc.nat(100),
    spaced: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step), fc.nat(20), (steps, now) => {
      const permits = new Permits();
      const kept: Permit[] = [];
      for (const { add, at, calls, tokens, spaced } of steps) {
        if (add || kept.length === 0) {
          kept.push({ releaseAt: at, calls, tokens, spaced });
          permits.add(kept.at(-1)!);
        } else {
          const [gone] = kept.splice(at % kept.length, 1);
          expect(permits.remove(gone!)).toBe(true);
          expect(permits.remove(gone!)).toBe(false);
        }
      }
      permits.dropUntil(now);
      const left = kept.filter(({ releaseAt }) => releaseAt > now);
      const asked = left.filter(({ spaced }) => !spaced);
      expect([...permits.list].sort((a, b) => a.releaseAt - b.releaseAt)).toEqual([...permits.list]);
      expect(new Set(permits.list)).toEqual(new Set(left));
      expect(permits.held).toEqual(amountOfAll(left));
      expect(permits.burst).toEqual(amountOfAll(asked));
      for (const needed of [1, 50, 250]) {
        const at = permits.whenFree(needed);
        const free = (by: number) => amountOfAll(left.filter(({ releaseAt }) => releaseAt <= by)).tokens;
        if (at < Number.POSITIVE_INFINITY) expect(free(at)).toBeGreaterThanOrEqual(needed);
        expect(free(Math.min(at, 1000) - 1)).toBeLessThan(needed);
      }
      expect(permits.firstFree()).toBe(Math.min(...left.map(({ releaseAt }) => releaseAt)));
      expect(permits.firstFree(true)).toBe(Math.min(...asked.map(({ releaseAt }) => releaseAt)));
    }),
  );
});

const rules = { limit: 10, windowMs: 1000, callTimeoutMs: 5000 };

it('permits of a shared window are those of others as Redis tells, and its own as the process knows them', () => {
  const log = new SlidingLog(rules);
  const [, ended] = [log.grant(0, 'burst'), log.grant(0, 'burst')] as [LogEntry, LogEntry];
  log.complete(ended, 500, { answered: true });
  const told = { nextSpaced: 0, pausedUntil: 0, cold: undefined };
  const permits = [
    { releaseAt: 700, spaced: false, calls: 1, tokens: 0 },
    { releaseAt: 550, spaced: true, calls: 3, tokens: 0 },
  ];
  log.adopt({ ...told, permits }, 500);
  expect(log.used(500).calls).toBe(6);
  expect(log.used(600).calls).toBe(3);
  log.adopt({ ...told, permits: [] }, 600);
  expect(log.used(600).calls).toBe(2);
  expect(log.own(1499)).toHaveLength(2);
  expect(log.own(1500)).toMatchObject([{ releaseAt: 6000, spaced: false }]);
});

it('permits of others, of whom the upstream tells again and again, end a window after they were told of', () => {
  const log = new SlidingLog({ ...rules, limit: 1_000_000 });
  // One more all the time: those of the beginning do not go on for ever with them.
  for (let now = 0, others = 5; now <= 3000; now += 10, others = 1) {
    const entry = log.grant(now, 'burst');
    const known = log.used(now).calls;
    log.complete(entry, now, { answered: true, remaining: 1_000_000 - known - others });
  }
  // As many in the last second, and each call as well.
  expect(log.used(3000).calls).toBeLessThanOrEqual(2 * 100 + 2);
  expect(log.permits.length).toBeLessThanOrEqual(2 * 100 + 2);
});
