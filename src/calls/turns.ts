/** Steps take turns in the rounds of the event loop: between any two rounds, whatever else is ready runs. */

/** Short steps, of a fraction of a millisecond each, that are made in one round. */
const SHORT_IN_A_ROUND = 8;

export class Turns {
  #last: Promise<void> = Promise.resolve();
  readonly #waiting: (() => void)[] = [];
  /** Short steps that may still be made in this round; all of them while there is nothing to do. */
  #left = SHORT_IN_A_ROUND;

  /** For a long step, one of which is made in each round. Resolves when it is the caller's turn: the step must follow at once. */
  next(): Promise<void> {
    this.#last = this.#last.then(() => new Promise((resolve) => setImmediate(resolve)));
    return this.#last;
  }

  /** For a short step: undefined when it may be made at once, else resolves when it is the caller's turn. */
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
