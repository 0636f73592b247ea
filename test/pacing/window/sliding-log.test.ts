import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type LogEntry, SlidingLog } from '../../../src/pacing/window/sliding-log.ts';
import { UNANSWERED_GRACE_MS } from '../../../src/pacing/window/window.ts';
import { admit } from './admitted.ts';
import { startsOf } from './schedules.ts';

const rules = { limit: 10, windowMs: 1000, callTimeoutMs: 5000 };

const admitted = (log: SlidingLog, now: number): LogEntry => {
  const entry = admit(log, now);
  if ('retryInMs' in entry) throw new Error(`not admitted at ${now}: retry in ${entry.retryInMs}`);
  return entry;
};

/** The most calls that lie in any window (t − length, t]. */
const mostInAnyWindow = (times: readonly number[], length: number): number => {
  const sorted = [...times].sort((a, b) => a - b);
  let from = 0;
  return sorted.reduce((most, time, to) => {
    // A millionth of tolerance: spacings are thirds and sevenths, which sums do not keep exactly.
    while (sorted[from]! <= time - length + 1e-6) from++;
    return Math.max(most, to - from + 1);
  }, 0);
};

/** Drives a log with ever-waiting callers: returns when each call was admitted and when the upstream counted it. */
const saturate = (log: SlidingLog, until: number, latencies: () => number, countedAt: () => number) => {
  const admissions: number[] = [];
  const counted: number[] = [];
  const pending: { entry: LogEntry; end: number }[] = [];
  for (let now = 0; now < until; ) {
    for (const done of pending.filter(({ end }) => end <= now)) {
      log.complete(done.entry, done.end, { answered: true });
      pending.splice(pending.indexOf(done), 1);
    }
    const result = admit(log, now);
    if ('retryInMs' in result) {
      const wake = now + Math.max(result.retryInMs, 0.01);
      now = Math.min(wake, ...pending.map(({ end }) => end).filter((end) => end > now));
    } else {
      const latency = latencies();
      admissions.push(now);
      counted.push(now + latency * countedAt());
      pending.push({ entry: result, end: now + latency });
    }
  }
  return { admissions, counted };
};

describe('a sliding-window log', () => {
  it('grants a burst of eight tenths of the limit at once', () => {
    const log = new SlidingLog(rules);
    for (let i = 0; i < 8; i++) admitted(log, 0);
    expect(log.used(0).calls).toBe(8);
  });

  it('grants the rest one by one, evenly spaced over the window', () => {
    const log = new SlidingLog(rules);
    for (let i = 0; i < 9; i++) admitted(log, 0);
    expect(admit(log, 0)).toMatchObject({ retryInMs: 500 });
    expect(admit(log, 499)).toMatchObject({ retryInMs: 1 });
    admitted(log, 500);
  });

  it('holds an entry until one window after its answer', () => {
    const log = new SlidingLog({ ...rules, limit: 1 });
    const entry = admitted(log, 0);
    log.complete(entry, 300, { answered: true });
    expect(admit(log, 1299)).toMatchObject({ retryInMs: 1 });
    admitted(log, 1300);
  });

  it('holds an entry a little longer when no answer came, since its bytes may still be on their way', () => {
    const log = new SlidingLog({ ...rules, limit: 1 });
    log.complete(admitted(log, 0), 300, { answered: false });
    expect(admit(log, 1300)).toMatchObject({ retryInMs: UNANSWERED_GRACE_MS });
  });

  it('frees the place of a call that nobody completes when it must have ended', () => {
    const log = new SlidingLog({ ...rules, limit: 1 });
    admitted(log, 0);
    expect(admit(log, 5999)).toHaveProperty('retryInMs');
    admitted(log, 6000);
  });

  it('frees a place that was not used at once', () => {
    const log = new SlidingLog({ ...rules, limit: 1 });
    log.cancel(admitted(log, 0));
    admitted(log, 0);
  });

  it('asks to be asked again no later than a window from now, since a call may end at any time', () => {
    const log = new SlidingLog({ ...rules, limit: 1 });
    admitted(log, 0);
    expect(admit(log, 10)).toMatchObject({ retryInMs: rules.windowMs });
  });

  it('never lets more than the limit be counted in any window, wherever within a call the upstream counts it', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 30 }),
        // Whole milliseconds and quarters of them: sums that floating point represents exactly.
        fc.infiniteStream(fc.nat(800)),
        fc.infiniteStream(fc.nat(4)),
        (limit, latencies, moments) => {
          const log = new SlidingLog({ limit, windowMs: 1000, callTimeoutMs: 5000 });
          const { counted } = saturate(
            log,
            5000,
            () => latencies.next().value,
            () => moments.next().value / 4,
          );
          expect(mostInAnyWindow(counted, 1000)).toBeLessThanOrEqual(limit);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('uses nearly all of the limit in the long run', () => {
    const windowMs = 60_000;
    for (const limit of [200, 250]) {
      const log = new SlidingLog({ limit, windowMs, callTimeoutMs: 25_000 });
      const { admissions } = saturate(
        log,
        10 * windowMs,
        () => 300,
        () => 0.5,
      );
      const steady = admissions.filter((time) => time >= windowMs);
      expect(steady.length / (9 * limit)).toBeGreaterThan(0.98);
    }
  });

  it('makes a newcomer wait no longer than one spacing, once calls last no longer than that', () => {
    const log = new SlidingLog({ limit: 250, windowMs: 60_000, callTimeoutMs: 25_000 });
    const { admissions } = saturate(
      log,
      300_000,
      () => 300,
      () => 0.5,
    );
    const gaps = admissions.map((time, i) => time - (admissions[i - 1] ?? 0));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(1200 + 300 + 1);
  });

  it('forecasts the very starts that follow, when every call lasts as long as assumed', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 20 }),
        fc.integer({ min: 0, max: 60 }),
        fc.integer({ min: 1, max: 60 }),
        (limit, before, count) => {
          const latencyMs = 100;
          const log = new SlidingLog({ limit, windowMs: 1000, callTimeoutMs: 5000 });
          const oracle = new SlidingLog({ limit, windowMs: 1000, callTimeoutMs: 5000 });
          const all = saturate(
            oracle,
            120_000,
            () => latencyMs,
            () => 0.5,
          ).admissions;
          let now = 0;
          for (const time of all.slice(0, before)) {
            now = time;
            // Answers are told in time, as they would be.
            log.complete(admitted(log, now), now + latencyMs, { answered: true });
          }
          const forecast = startsOf(log.schedules(now, latencyMs).calls, count);
          const actual = all.slice(before, before + count).map((time) => time - now);
          forecast.forEach((start, i) => {
            expect(Math.abs(start - actual[i]!)).toBeLessThanOrEqual(latencyMs * 2 + 0.1 * actual[i]!);
          });
        },
      ),
      { numRuns: 60 },
    );
  });
});
