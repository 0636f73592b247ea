/** The calls of this process that count against one client's quota. */

export class OwnCalls {
  readonly #windowMs: number;
  /** Calls that are not over yet. */
  #open = 0;
  /** When the places of ended calls come free, ascending: monotonic milliseconds. */
  readonly #releases: number[] = [];

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  take(): void {
    this.#open++;
  }

  /** @param called false gives the place back */
  settle(called: boolean, now: number): void {
    this.#open--;
    if (called) this.#releases.push(now + this.#windowMs);
  }

  held(now: number): number {
    while (this.#releases.length > 0 && this.#releases[0]! <= now) this.#releases.shift();
    return this.#open + this.#releases.length;
  }

  /** Milliseconds until the next place comes free; one window when no ended call holds one. */
  nextFreeMs(now: number): number {
    return this.held(now) > this.#open ? this.#releases[0]! - now : this.#windowMs;
  }
}
