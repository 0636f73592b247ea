/**
 * A circuit breaker: after some failures in a row nothing is sent for a while, then one command tries for all. Pure.
 *
 * Not cockatiel's: it goes by the wall clock, and one that is set back by an hour would leave Redis alone for an hour.
 */

/** Failures in a row after which it opens. */
const FAILURES_TO_OPEN = 3;

/** Milliseconds after which one command tries. */
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

  /** Whether a command may be sent; whoever is told so reports how it went. Who is not need not wait for who tries. */
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
