import type { Schedule } from './schedule.ts';

/** How long a schedule is good for though calls end sooner or later than it took them to, milliseconds. */
const GOOD_MS = 10;

/**
 * The schedule of one window, drawn up anew only now and then: a burst of calls is not to pay for one with each. That
 * calls start is what it foresees; whatever else happens, it has to be told of.
 */
export class KeptSchedule {
  #schedule: Schedule | undefined;
  #drawnAt = 0;
  #started = 0;

  /** A call has started. */
  start(): void {
    this.#started++;
  }

  /** Something has happened that could not be foreseen. */
  upset(): void {
    this.#schedule = undefined;
  }

  /** As seen from now (monotonic ms). */
  of(now: number, draw: () => Schedule): Schedule {
    if (this.#schedule === undefined || !(now - this.#drawnAt < GOOD_MS)) {
      this.#schedule = draw();
      this.#drawnAt = now;
      this.#started = 0;
    }
    const [schedule, elapsedMs, started] = [this.#schedule, now - this.#drawnAt, this.#started];
    return {
      startOf: (n) => Math.max(0, schedule.startOf(n + started) - elapsedMs),
      startedBy: (ms) => Math.max(0, schedule.startedBy(ms + elapsedMs) - started),
    };
  }
}
