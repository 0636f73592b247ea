/**
 * A circuit breaker: after some failures in a row nothing is sent for a while, then one command is the trial. Pure.
 *
 * Not cockatiel's: it uses the wall clock, so that a clock set back by an hour would keep it open for an hour.
 */

/** Failures in a row after which it opens. */
const FAILURES_TO_OPEN = 3;

/** Milliseconds after which one command is sent as a trial. */
const TRY_AFTER_MS = 1000;

export class Breaker {
  readonly #now: () => number;
  #failures = 0;
  #openedAt = 0;
  #trying = false;

  /** @param now monotonic milliseconds */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Whether a command may be sent. If so, its caller must report how it went; if not, it fails at once. */
  admits(): boolean {
    if (this.#failures < FAILURES_TO_OPEN) return true;
    if (this.#trying || this.#now() - this.#openedAt < TRY_AFTER_MS) return false;
    this.#trying = true;
    return true;
  }

  succeeded(): void {
    this.#failures = 0;
    this.#trying = false;
  }

  failed(): void {
    this.#failures++;
    this.#openedAt = this.#now();
    this.#trying = false;
  }
}
