/** Looks again and again at those who wait, so many in turn, however many wait, until nobody does. */

/** How often, milliseconds, and at how many each time. */
const EVERY_MS = 250;
const AT_ONCE = 64;

export class Rounds<T> {
  readonly #waiting: () => Iterable<T>;
  readonly #look: (item: T) => void;
  #timer: NodeJS.Timeout | undefined;
  /** Those still to be looked at in this round; some may wait no longer. */
  #round: T[] = [];

  constructor(waiting: () => Iterable<T>, look: (item: T) => void) {
    this.#waiting = waiting;
    this.#look = look;
  }

  /** To be called whenever something begins to wait. */
  begin(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#round.length === 0) this.#round = [...this.#waiting()].reverse();
      if (this.#round.length === 0) return;
      this.begin();
      for (const item of this.#round.splice(-AT_ONCE).reverse()) this.#look(item);
    }, EVERY_MS).unref();
  }
}
