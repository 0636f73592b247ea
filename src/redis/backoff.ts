/** The pauses before a connection that was lost, refused, or leads to the wrong server is opened again. Pure; milliseconds. */

import type { FailureKind } from './failure.ts';

interface Pauses {
  readonly first: number;
  readonly factor: number;
  readonly most: number;
}

/** A connection that was cut is usually back at once. */
const OUTAGE = { first: 50, factor: 2 };

/** A failover takes seconds, and should be noticed soon after. */
const WRONG_SERVER: Pauses = { first: 1000, factor: 2, most: 5000 };

/** Only an operator can repair this: the three connections of a process make 12 attempts in the first minute, then 3 a minute. */
const REFUSED: Pauses = { first: 1000, factor: 4, most: 60_000 };

/** After a connection was good for so long, its failure starts the pauses anew. Longer than any pause but the longest. */
const LASTING_MS = 10_000;

export class Backoff {
  readonly #outage: Pauses;
  readonly #now: () => number;
  /** Attempts in a row, by the kind of failure. */
  readonly #attempts = new Map<Pauses, number>();
  #pauses: Pauses;
  #goodSince: number | undefined;
  /** A connection that still answers is not replaced before this time. */
  #replaceFrom = 0;
  #replacing = false;

  /** @param mostMs the longest pause while Redis does not answer @param now monotonic milliseconds */
  constructor(mostMs: number, now: () => number = () => performance.now()) {
    this.#outage = { ...OUTAGE, most: mostMs };
    this.#pauses = this.#outage;
    this.#now = now;
  }

  /** The connection answers; to be called every second or so while it does. */
  answered(): void {
    this.#goodSince ??= this.#now();
    if (this.#now() - this.#goodSince >= LASTING_MS) this.#attempts.clear();
  }

  failed(kind: FailureKind): void {
    if (kind === 'refused') this.#pauses = REFUSED;
    else if (kind === 'wrong server') this.#pauses = WRONG_SERVER;
    else if (kind === 'outage') this.#pauses = this.#outage;
  }

  /**
   * Whether to replace a connection to the wrong server now. It is kept between attempts, since a replica can be read.
   */
  replaces(): boolean {
    if (this.#replacing || this.#now() < this.#replaceFrom) return false;
    this.#replaceFrom = this.#now() + this.#next(WRONG_SERVER);
    this.#replacing = true;
    return true;
  }

  /** The pause before the next attempt to connect, now that the last connection is gone. */
  pause(): number {
    this.#goodSince = undefined;
    const pauses = this.#replacing ? this.#outage : this.#pauses;
    this.#replacing = false;
    // If the next connection is closed without an error, it counts as an outage.
    this.#pauses = this.#outage;
    return this.#next(pauses);
  }

  #next(pauses: Pauses): number {
    const attempts = this.#attempts.get(pauses) ?? 0;
    this.#attempts.set(pauses, attempts + 1);
    return Math.min(pauses.first * pauses.factor ** attempts, pauses.most);
  }
}
