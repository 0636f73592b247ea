/** Long steps take turns, one in each round of the event loop: between any two, whatever else is ready runs. */

export class Turns {
  #last: Promise<void> = Promise.resolve();

  /** Resolves when it is the caller's turn: the step must follow at once. */
  next(): Promise<void> {
    this.#last = this.#last.then(() => new Promise((resolve) => setImmediate(resolve)));
    return this.#last;
  }
}
