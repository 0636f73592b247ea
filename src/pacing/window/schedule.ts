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

/** Calls that start one after another at equal distances; all at once when `everyMs` is 0. */
export interface Run {
  readonly at: number;
  readonly everyMs: number;
  readonly calls: number;
}

/** The first `count` starts. */
export const startsOf = (schedule: Schedule, count: number): number[] =>
  Array.from({ length: count }, (_, n) => schedule.startOf(n));

/** What of a run has started by then. */
const partOf = ({ at, everyMs, calls }: Run, ms: number): number => {
  if (ms < at) return 0;
  return everyMs > 0 ? Math.min(calls, Math.floor((ms - at) / everyMs) + 1) : calls;
};

/** The last of ascending items that is not above; −1: none. */
const lastBelow = (count: number, isAbove: (index: number) => boolean): number => {
  let [from, to] = [0, count];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (isAbove(middle)) to = middle;
    else from = middle + 1;
  }
  return from - 1;
};

/** Runs of calls, after which every place is taken again as soon as it comes free. */
export class RunningSchedule implements Schedule {
  readonly #runs: readonly Run[];
  /** How many calls start before each run. */
  readonly #before: readonly number[];
  readonly #calls: number;
  readonly #places: number;
  readonly #periodMs: number;

  /**
   * @param runs in order of time. If they are fewer calls than places, no more start within the horizon
   * @param places that there are in all, one or more
   * @param periodMs after which a place that was taken is free again, more than 0
   */
  constructor(runs: readonly Run[], places: number, periodMs: number) {
    let calls = 0;
    this.#runs = runs;
    this.#before = runs.map((run) => {
      calls += run.calls;
      return calls - run.calls;
    });
    this.#calls = calls;
    this.#places = places;
    this.#periodMs = periodMs;
  }

  startOf(n: number): number {
    const beyond = n - this.#calls;
    if (!(n >= 0 && beyond < 0)) {
      if (n < 0) return this.startOf(0);
      if (!(n < Number.MAX_SAFE_INTEGER) || this.#calls < this.#places) return HORIZON_MS;
      // The place of the call that went as many calls before as there are places.
      const turns = Math.floor(beyond / this.#places) + 1;
      const start = this.startOf(n - turns * this.#places) + turns * this.#periodMs;
      return Math.min(HORIZON_MS, Math.max(start, this.startOf(this.#calls - 1)));
    }
    const index = lastBelow(this.#runs.length, (i) => this.#before[i]! > n);
    const { at, everyMs } = this.#runs[index]!;
    return Math.min(HORIZON_MS, at + everyMs * (n - this.#before[index]!));
  }

  startedBy(ms: number): number {
    const last = this.startOf(this.#calls - 1);
    if (ms >= last + this.#periodMs && this.#calls >= this.#places) {
      const turns = Math.floor((ms - last) / this.#periodMs);
      return this.startedBy(ms - turns * this.#periodMs) + turns * this.#places;
    }
    const index = lastBelow(this.#runs.length, (i) => this.#runs[i]!.at > ms);
    if (index < 0) return 0;
    const within = this.#before[index]! + partOf(this.#runs[index]!, ms);
    if (within < this.#calls || this.#calls < this.#places) return within;
    return Math.max(within, this.startedBy(ms - this.#periodMs) + this.#places);
  }
}

/** A schedule that was drawn up for a moment so many milliseconds from now. */
export const later = (schedule: Schedule, byMs: number): Schedule => ({
  startOf: (n) => Math.min(HORIZON_MS, schedule.startOf(n) + byMs),
  startedBy: (ms) => (ms < byMs ? 0 : schedule.startedBy(ms - byMs)),
});

/** Several windows as one: whoever waits takes whichever place is free first. To the millisecond. */
export class CommonSchedule implements Schedule {
  readonly #schedules: readonly Schedule[];

  constructor(schedules: readonly Schedule[]) {
    this.#schedules = schedules;
  }

  startOf(n: number): number {
    if (this.startedBy(0) > n) return 0;
    let [early, late] = [0, HORIZON_MS];
    while (late - early > 1) {
      const middle = (early + late) >> 1;
      if (this.startedBy(middle) > n) late = middle;
      else early = middle;
    }
    return late;
  }

  startedBy(ms: number): number {
    return this.#schedules.reduce((sum, schedule) => sum + schedule.startedBy(ms), 0);
  }
}
