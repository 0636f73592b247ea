/** What samples of a model's cached scores have shown of late, and when they are enough to believe it. */

/**
 * `same`: a pair's new score is its cached one; `changed`: it is another, and the same alone as among other documents, so
 * that the model is another; `dependent`: it is another among other documents.
 */
export type Finding = 'same' | 'changed' | 'dependent';

/** Samples that are looked at, the latest. */
const WINDOW = 10;

/** Different pairs among them that must show the same, */
const ENOUGH = 3;
/** and the share of all of them that these must be more than. */
const MAJORITY = 0.5;

export class Findings {
  /** By pair, the latest last. */
  readonly #latest = new Map<string, Finding>();

  /** @returns what is to be believed from now on; undefined: nothing new */
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
