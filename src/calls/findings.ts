/** What recent samples of a model's cached values have shown, and when they are enough to act on it. */

/**
 * `same`: a pair's new value equals its cached one. `changed`: it differs, and is the same alone as among other items, so the
 * model has been replaced. `dependent`: it differs among other items.
 */
export type Finding = 'same' | 'changed' | 'dependent';

/** The latest samples, which are the ones that count. */
const WINDOW = 10;

/** A finding is believed when at least this many different pairs among them show it, */
const ENOUGH = 3;
/** and they are more than this share of the samples. */
const MAJORITY = 0.5;

export class Findings {
  /** By pair, the latest last. */
  readonly #latest = new Map<string, Finding>();

  /** @returns the finding that is to be believed from now on; undefined: nothing new */
  note(pair: string, finding: Finding): Exclude<Finding, 'same'> | undefined {
    this.#latest.delete(pair);
    this.#latest.set(pair, finding);
    if (this.#latest.size > WINDOW) this.#latest.delete(this.#latest.keys().next().value!);
    if (finding === 'same') return undefined;
    const alike = [...this.#latest.values()].filter((other) => other === finding).length;
    return alike >= ENOUGH && alike > MAJORITY * this.#latest.size ? finding : undefined;
  }

  clear(): void {
    this.#latest.clear();
  }
}
