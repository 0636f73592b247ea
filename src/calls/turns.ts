/** Spreads steps over the rounds of the event loop: between two rounds everything else that is ready runs. */

/** Short steps, of a fraction of a millisecond each, per round. */
const SHORT_IN_A_ROUND = 8;

export class Turns {
  #last: Promise<void> = Promise.resolve();
  readonly #waiting: (() => void)[] = [];
  /** Short steps that may still be made in this round; `SHORT_IN_A_ROUND` while idle. */
  #left = SHORT_IN_A_ROUND;

  /** For a long step, of which each round makes one. Resolves when it is the caller's turn: the step must follow at once. */
  next(): Promise<void> {
    this.#last = this.#last.then(() => new Promise((resolve) => setImmediate(resolve)));
    return this.#last;
  }

  /** For a short step: undefined when it may be made at once, otherwise resolves when it is the caller's turn. */
  short(): Promise<void> | undefined {
    if (this.#left === SHORT_IN_A_ROUND) setImmediate(() => this.#nextRound());
    if (this.#left > 0) {
      this.#left--;
      return undefined;
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #nextRound(): void {
    const due = this.#waiting.splice(0, SHORT_IN_A_ROUND);
    this.#left = SHORT_IN_A_ROUND - due.length;
    if (due.length > 0) setImmediate(() => this.#nextRound());
    for (const resolve of due) resolve();
  }
}
