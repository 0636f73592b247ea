/** What a window will grant, foreseen for both budgets and kept for a moment: a burst of calls is not to pay for it with each. */

import { type Amount, amountOf, type Measure } from './amount.ts';
import { forecast } from './forecast.ts';
import type { Permit } from './permits.ts';
import { gradeOf, type Level, type Occupancy, roomIn } from './rule.ts';
import { type Schedule, type Schedules, seenFrom } from './schedule.ts';

/** How long a schedule is good for though calls end sooner or later than it took them to, milliseconds. */
const GOOD_MS = 10;

/** A window at a moment. */
export interface Seen {
  readonly occupancy: Occupancy;
  readonly windowMs: number;
  readonly permits: () => readonly Permit[];
}

interface Drawn {
  readonly schedule: Schedule;
  readonly at: number;
  /** How much has started since, as it foresees, too. */
  started: number;
}

export class Foresight {
  #drawn: Partial<Record<Measure, Drawn>> = {};

  /** What is foreseen is not true any more. */
  forget(): void {
    this.#drawn = {};
  }

  start(amount: Amount): void {
    if (this.#drawn.calls) this.#drawn.calls.started += amount.calls;
    if (this.#drawn.tokens) this.#drawn.tokens.started += amount.tokens;
  }

  /** @see Window.schedules. While there is room, nothing needs to be foreseen. */
  schedules(seen: Seen, now: number, latencyMs: number): Schedules {
    const { occupancy } = seen;
    const asAsked = gradeOf(occupancy, 0, now) === 'burst';
    const of = (measure: Measure, level: Level): Schedule => {
      const room = asAsked ? roomIn(level) : 0;
      return {
        startOf: (n) => (n < room ? 0 : this.#foresee(measure, level, seen, now, latencyMs).startOf(n)),
      };
    };
    return {
      calls: of('calls', occupancy.calls),
      tokens: occupancy.tokens && of('tokens', occupancy.tokens),
    };
  }

  #foresee(measure: Measure, { limit }: Level, seen: Seen, now: number, latencyMs: number): Schedule {
    let drawn = this.#drawn[measure];
    if (drawn === undefined || !(now - drawn.at < GOOD_MS)) {
      const { occupancy, windowMs, permits } = seen;
      // A call in flight will be answered in the usual time.
      const latest = now + latencyMs + windowMs;
      const releases = permits().map((permit) => ({
        at: Math.min(permit.releaseAt, latest),
        spaced: permit.spaced,
        calls: amountOf(permit)[measure],
      }));
      const schedule = forecast({ ...occupancy, limit, windowMs, releases }, now, latencyMs);
      drawn = { schedule, at: now, started: 0 };
      this.#drawn[measure] = drawn;
    }
    return seenFrom(drawn.schedule, now - drawn.at, drawn.started);
  }
}
