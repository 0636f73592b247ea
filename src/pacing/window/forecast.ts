/**
 * When the next calls could start: the window's own rule, run ahead of time. In runs rather than call by call, and until
 * every place has been taken once, since after that each comes free as it did before: what it costs depends on how many
 * moments there are at which places come free, and neither on the limit nor on how many calls are asked about.
 */

import { within } from './numbers.ts';
import { gradeOf, type Occupancy } from './rule.ts';
import { HORIZON_MS, type Run, RunningSchedule, type Schedule } from './schedule.ts';
import type { Budget } from './window.ts';

/** Places that come free at one moment. */
export interface Release {
  readonly at: number;
  /** Granted one by one, not as asked. */
  readonly spaced: boolean;
  /** How many; one if nothing is said. */
  readonly calls?: number;
}

export interface WindowState extends Omit<Occupancy, 'burst' | 'held'> {
  readonly windowMs: number;
  /** When the places held come free, in any order. */
  readonly releases: readonly Release[];
}

/** Pieces in which a long run of calls is taken to come free. */
const PIECES = 32;

/**
 * The starts that follow from `now` on if each call lasts `latencyMs` and nobody else takes a place. A cold window is
 * taken to be as warm as its entries say once its first call is answered, unless it is known that answers do not say.
 * Times are monotonic milliseconds; what makes no sense is taken for the nearest moment between now and the horizon.
 */
export const forecast = (state: WindowState, now: number, latencyMs: number): Schedule => {
  const run = new Course(state, now, within(latencyMs, 0, HORIZON_MS));
  run.warmUp();
  run.runOnce();
  return run.schedule;
};

class Course {
  readonly #state: WindowState;
  readonly #now: number;
  readonly #latencyMs: number;
  readonly #windowMs: number;
  readonly #budget: Budget;
  readonly #releases: Required<Release>[];
  readonly #runs: Run[] = [];
  readonly #limit: number;
  #held = 0;
  #burst = 0;
  #planned = 0;
  #time: number;

  constructor(state: WindowState, now: number, latencyMs: number) {
    this.#state = state;
    this.#now = now;
    this.#latencyMs = latencyMs;
    this.#windowMs = within(state.windowMs, 1, Number.MAX_SAFE_INTEGER);
    this.#limit = within(Math.floor(state.limit), 1, Number.MAX_SAFE_INTEGER);
    const burst = within(Math.floor(state.budget.burst), 1, this.#limit);
    this.#budget = { burst, spacingMs: within(state.budget.spacingMs, 0.001, HORIZON_MS) };
    this.#releases = state.releases.map(({ at, spaced, calls = 1 }) => {
      return { at: this.#soon(at), spaced, calls: within(Math.floor(calls), 0, Number.MAX_SAFE_INTEGER) };
    });
    for (const release of this.#releases) this.#hold(release, 1);
    this.#time = this.#soon(state.pausedUntil);
  }

  get schedule(): Schedule {
    return new RunningSchedule(this.#runs, this.#limit, this.#latencyMs + this.#windowMs);
  }

  /** What a window grants that does not know what the upstream counts. */
  warmUp(): void {
    const { cold } = this.#state;
    if (cold === undefined || !(this.#time < cold.until)) return;
    const until = this.#soon(cold.until);
    const free = this.#limit - this.#held;
    if (cold.nextEven !== undefined) {
      const from = Math.max(this.#time, this.#soon(cold.nextEven));
      const everyMs = this.#windowMs / this.#limit;
      this.#take(from, everyMs, Math.min(free, Math.ceil((until - from) / everyMs)));
      this.#time = until;
      return;
    }
    if (!(cold.nextProbe > this.#time)) this.#take(this.#time, 0, Math.min(free, 1));
    this.#time += this.#latencyMs;
  }

  /** Goes on until each place has been taken. */
  runOnce(): void {
    const { spacingMs } = this.#budget;
    const end = this.#now + HORIZON_MS;
    const releases = this.#releases.sort((a, b) => a.at - b.at);
    let nextSpaced = this.#soon(this.#state.nextSpaced);
    let next = 0;
    // Each round takes places or goes on to the next moment at which one comes free, or may be taken.
    while (this.#planned < this.#limit && this.#time < end) {
      while (next < releases.length && releases[next]!.at <= this.#time) this.#hold(releases[next++]!, -1);
      const released = releases[next]?.at ?? end;
      const free = this.#limit - this.#held;
      switch (this.#grade(nextSpaced)) {
        case 'burst':
          this.#start(this.#time, 0, Math.min(this.#budget.burst - this.#burst, free), false);
          break;
        case 'space': {
          const calls = Math.min(Math.max(1, Math.ceil((released - this.#time) / spacingMs)), free);
          this.#start(this.#time, spacingMs, calls, true);
          nextSpaced = this.#time + calls * spacingMs;
          break;
        }
        case 'full':
          this.#time = released;
          break;
        default:
          this.#time = Math.min(released, nextSpaced);
      }
    }
  }

  #grade(nextSpaced: number) {
    const [limit, budget, held, burst] = [this.#limit, this.#budget, this.#held, this.#burst];
    const occupancy = { limit, budget, held, burst, nextSpaced, pausedUntil: this.#now, cold: undefined };
    return gradeOf(occupancy, this.#time);
  }

  /** Calls that start before the rest is planned, so that their places have to be planned again, too. */
  #take(from: number, everyMs: number, calls: number): void {
    if (calls <= 0) return;
    this.#start(from, everyMs, calls, false);
    const pieces = everyMs > 0 ? Math.min(calls, PIECES) : 1;
    const upTo = (piece: number): number => Math.floor((calls * piece) / pieces);
    for (let piece = 1; piece <= pieces; piece++) {
      const at = from + (upTo(piece) - 1) * everyMs + this.#latencyMs + this.#windowMs;
      this.#releases.push({ at, spaced: false, calls: upTo(piece) - upTo(piece - 1) });
    }
  }

  #start(from: number, everyMs: number, calls: number, spaced: boolean): void {
    this.#runs.push({ at: from - this.#now, everyMs: calls > 1 ? everyMs : 0, calls });
    this.#planned += calls;
    this.#hold({ calls, spaced }, 1);
  }

  #hold({ calls, spaced }: Pick<Required<Release>, 'calls' | 'spaced'>, sign: 1 | -1): void {
    this.#held += sign * calls;
    if (!spaced) this.#burst += sign * calls;
  }

  #soon(moment: number): number {
    return within(moment, this.#now, this.#now + HORIZON_MS);
  }
}
