/** A log ends, and stays small, whatever it is told. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type LogEntry, SlidingLog, type Told } from '../../../src/pacing/window/sliding-log.ts';
import { admit } from './admitted.ts';
import { startsOf } from './schedules.ts';

const rules = { limit: 20, windowMs: 5000, callTimeoutMs: 25_000 };

const anyNumber = fc.oneof(
  fc.double(),
  fc.constantFrom(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN, 0, -1, 1e300, 2 ** 53),
);
const anyOutcome = fc.record(
  { answered: fc.boolean(), remaining: anyNumber, pauseMs: anyNumber },
  { requiredKeys: ['answered'] },
);
const step = fc.oneof(
  fc.record({
    do: fc.constant('chill' as const),
    until: anyNumber,
  }),
  fc.record({ do: fc.constant('call' as const), afterMs: fc.nat(8000), outcome: anyOutcome }),
  fc.record({
    do: fc.constant('adopt' as const),
    nextSpaced: fc.nat(1e6),
    cold: fc.option(
      fc.record({
        until: anyNumber,
        next: anyNumber,
        even: fc.boolean(),
      }),
      { nil: undefined },
    ),
  }),
);

describe('a log that is told nonsense', () => {
  it('ends every question with finite numbers, and grants again within a lease and a pause', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const log = new SlidingLog(rules);
        let now = 1000;
        for (const each of steps) {
          if (each.do === 'chill') log.chill(each.until, now);
          else if (each.do === 'adopt') {
            const told: Told = { permits: [], pausedUntil: 0, ...each };
            log.adopt(told, now);
          } else {
            const entry = admit(log, now);
            if ('retryInMs' in entry) expect(Number.isFinite(entry.retryInMs)).toBe(true);
            now += each.afterMs;
            if (!('retryInMs' in entry)) log.complete(entry, now, each.outcome);
          }
          for (const start of startsOf(log.schedules(now, 30).calls, 9)) {
            expect(Number.isFinite(start)).toBe(true);
            expect(start).toBeGreaterThanOrEqual(0);
          }
          expect(Number.isFinite(log.used(now).calls)).toBe(true);
        }
        expect(admit(log, now + 60_000 + 2 * (rules.windowMs + rules.callTimeoutMs) + 2000)).toHaveProperty(
          'releaseAt',
        );
      }),
      { numRuns: 300 },
    );
  });

  it('ends a cold time in which no answer ever tells how much room there is', () => {
    const log = new SlidingLog(rules);
    log.chill(Number.POSITIVE_INFINITY, 0);
    let [now, calls] = [0, 0];
    while (now < 95_000) {
      const entry = admit(log, now);
      if ('retryInMs' in entry) now += Math.max(1, entry.retryInMs);
      else {
        calls++;
        log.complete(entry, now, { answered: true });
      }
    }
    // Evenly spaced all the time, which uses all of the limit.
    expect(calls).toBeGreaterThan((0.9 * 95_000 * rules.limit) / rules.windowMs);
    expect(admit(log, 200_000)).toHaveProperty('releaseAt');
  });

  it('takes the answer to a call that it never admitted for a call of its own', () => {
    const log = new SlidingLog(rules);
    log.chill(30_000, 0);
    admit(log, 10);
    const refused = admit(log, 11);
    expect(refused).toHaveProperty('retryInMs');
    log.complete(new SlidingLog(rules).grant(0, 'burst'), 40, { answered: true });
    expect(log.used(41).calls).toBe(2);
    expect(startsOf(log.schedules(50, 30).calls, 9).every(Number.isFinite)).toBe(true);
  });
});

describe('what the upstream tells of others', () => {
  const large = { limit: 1_000_000, windowMs: 60_000, callTimeoutMs: 25_000 };

  it('is kept in a few records, however many calls it is', () => {
    const log = new SlidingLog(large);
    // A record a call would take seconds: this many would not end within the test's time.
    for (let now = 0; now < 10 * 60_000; now += 100) {
      const entry = admit(log, now);
      if (!('retryInMs' in entry)) log.complete(entry, now, { answered: true, remaining: 249 });
      expect(log.used(now).calls).toBeLessThanOrEqual(large.limit);
      expect(log.permits.length).toBeLessThan(2000);
    }
    expect(log.used(10 * 60_000 - 50).calls).toBeGreaterThan(999_000);
    expect(log.used(12 * 60_000).calls).toBe(0);
  });

  it('never makes more room than was known', () => {
    fc.assert(
      fc.property(fc.array(anyNumber, { minLength: 1, maxLength: 40 }), (remainings) => {
        const log = new SlidingLog(rules);
        for (const remaining of remainings) {
          const before = log.used(0).calls;
          const entry = admit(log, 0);
          if (!('retryInMs' in entry)) log.complete(entry, 0, { answered: true, remaining });
          expect(log.used(0).calls).toBeGreaterThanOrEqual(before);
          expect(log.used(0).calls).toBeLessThanOrEqual(3 * rules.limit);
        }
      }),
    );
  });
});

describe('a log that never stands still', () => {
  it('keeps as few records as calls may start within a lease, for a day', () => {
    const log = new SlidingLog({ limit: 250, windowMs: 60_000, callTimeoutMs: 25_000 });
    let most = 0;
    for (let now = 0; now < 24 * 3600_000; now += 240) {
      const entry = admit(log, now);
      if (!('retryInMs' in entry)) log.complete(entry, now, { answered: true });
      most = Math.max(most, log.permits.length);
    }
    expect(most).toBeLessThanOrEqual(250);
  });

  it('costs few steps a call, at the largest limit, too', () => {
    const log = new SlidingLog({ limit: 1_000_000, windowMs: 60_000, callTimeoutMs: 25_000 });
    const open: LogEntry[] = [];
    for (let i = 0; i < 50_000; i++) {
      const entry = admit(log, i / 1000);
      if ('retryInMs' in entry) throw new Error('refused');
      open.push(entry);
      if (open.length > 1000) log.complete(open.shift()!, i / 1000, { answered: true });
    }
    expect(log.used(51).calls).toBe(50_000);
    expect(log.used(60_051).calls).toBe(1000);
    expect(log.used(86_000).calls).toBe(0);
    expect(log.permits.length).toBe(0);
  });
});
