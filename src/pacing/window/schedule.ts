/** When calls could start, as far ahead as anybody asks. */

/**
 * What starts later than this is not told apart, milliseconds. Nobody waits for longer than 29 s (MAX_WAIT_MS), and
 * nobody is told to come back later than 59 s after that.
 */
export const HORIZON_MS = 120_000;

/** All times are milliseconds from the moment for which it was drawn up. */
export interface Schedule {
  /** @param n how many calls of anybody go before @returns at most HORIZON_MS */
  startOf(n: number): number;
  /** How many calls of anybody could have started by then, if that is sooner than HORIZON_MS. */
  startedBy(ms: number): number;
}

/** The least number from 0 to `most` of which something is true that is true of all above it, too. */
const least = (most: number, isTrue: (n: number) => boolean): number => {
  let [low, high] = [0, Math.min(most, Number.MAX_SAFE_INTEGER)];
  while (low < high) {
    const middle = low + Math.floor((high - low) / 2);
    if (isTrue(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
};

/** Every permit is taken once, and again whenever it comes free. */
export class PeriodicSchedule implements Schedule {
  readonly #starts: readonly number[];
  readonly #permits: number;
  readonly #unit: number;
  readonly #periodMs: number;

  /**
   * @param starts when each permit is taken first, ascending; those of which nothing is said are not within the horizon
   * @param permits that there are in all, one or more; as many calls as `unit` says start together with each
   * @param periodMs after which a permit that was taken is free again, more than 0
   */
  constructor(starts: readonly number[], permits: number, unit: number, periodMs: number) {
    this.#starts = starts;
    this.#permits = permits;
    this.#unit = unit;
    this.#periodMs = periodMs;
  }

  startOf(n: number): number {
    const index = Math.floor(Math.max(0, n) / this.#unit);
    const start = this.#starts[index % this.#permits];
    const turn = Math.floor(index / this.#permits);
    if (start === undefined || (turn > 0 && this.#starts.length < this.#permits)) return HORIZON_MS;
    // A permit may be held for longer than the others take to be free again; who comes later goes later all the same.
    const previous = turn > 0 ? this.#starts.at(-1)! + (turn - 1) * this.#periodMs : 0;
    return Math.min(HORIZON_MS, Math.max(start + turn * this.#periodMs, previous));
  }

  startedBy(ms: number): number {
    const turns = this.#starts.length < this.#permits ? 1 : Math.floor(Math.max(0, ms) / this.#periodMs) + 1;
    return least(turns * this.#starts.length * this.#unit, (n) => this.startOf(n) > ms);
  }
}

/** A schedule seen from a moment `byMs` later than that for which it was drawn up, when so many calls have started. */
export const seenFrom = (schedule: Schedule, byMs: number, started = 0): Schedule => ({
  startOf: (n) => Math.min(HORIZON_MS, Math.max(0, schedule.startOf(n + started) - byMs)),
  startedBy: (ms) => Math.max(0, schedule.startedBy(ms + byMs) - started),
});

/** Several windows as one: whoever waits takes whichever permit is free first. To the millisecond. */
export class CommonSchedule implements Schedule {
  readonly #schedules: readonly Schedule[];

  constructor(schedules: readonly Schedule[]) {
    this.#schedules = schedules;
  }

  startOf(n: number): number {
    return least(HORIZON_MS, (ms) => this.startedBy(ms) > n);
  }

  startedBy(ms: number): number {
    return this.#schedules.reduce((sum, schedule) => sum + schedule.startedBy(ms), 0);
  }
}
