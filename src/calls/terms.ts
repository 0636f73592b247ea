/** Terms that follow others, with a cancellation of their own. */

import type { Terms } from './call.ts';
import type { Cancellation } from './cancellation.ts';

/** A class: engines keep an object whose accessors were made with it as a slow dictionary. Hence, never to be spread. */
export class Following implements Terms {
  readonly #terms: Terms;
  readonly signal: Cancellation;
  readonly onNewcomer: Terms['onNewcomer'];

  /** @param terms may change @param onNewcomer undefined: nobody can join */
  constructor(terms: Terms, signal: Cancellation, onNewcomer?: Terms['onNewcomer']) {
    this.#terms = terms;
    this.signal = signal;
    this.onNewcomer = onNewcomer;
  }

  get client(): string {
    return this.#terms.client;
  }

  get urgency(): number {
    return this.#terms.urgency;
  }

  get deadline(): number {
    return this.#terms.deadline;
  }
}
