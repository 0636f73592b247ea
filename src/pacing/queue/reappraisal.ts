/**
 * Looks again at those who wait. What was predicted when they came may not come true: others came whose turn is sooner,
 * the upstream wants to be left alone, Redis is lost. So many are looked at in turn, however many wait.
 */

/** How often, milliseconds, and how many each time. */
const EVERY_MS = 250;
const AT_ONCE = 64;

export interface ReappraisalOptions<T> {
  /** All who wait now. */
  readonly waiting: Iterable<T>;
  readonly judge: (item: T) => void;
}

export class Reappraisal<T> {
  readonly #options: ReappraisalOptions<T>;
  #timer: NodeJS.Timeout | undefined;
  /** Those still to be looked at in this round; some may wait no longer. */
  #round: T[] = [];

  constructor(options: ReappraisalOptions<T>) {
    this.#options = options;
  }

  /** To be called when somebody begins to wait. It goes on by itself until nobody does. */
  begin(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => this.#look(), EVERY_MS).unref();
  }

  #look(): void {
    this.#timer = undefined;
    const { waiting, judge } = this.#options;
    if (this.#round.length === 0) this.#round = [...waiting].reverse();
    if (this.#round.length === 0) return;
    this.begin();
    for (let left = AT_ONCE; left > 0 && this.#round.length > 0; left--) judge(this.#round.pop()!);
  }
}
