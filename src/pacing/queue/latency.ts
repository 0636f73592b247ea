/**
 * Recent latency of the upstream: exponentially weighted means of it and of how far it is off, so that predictions follow
 * it (the estimator that TCP has for round trips: RFC 6298, section 2).
 */

/** Weight of a new observation: some ten calls make up most of the mean. */
const WEIGHT = 0.1;

/** What a call is taken to last before any has been seen, milliseconds. */
const INITIAL_MS = 300;

/** Deviations from the mean that hardly any call is above. */
const DEVIATIONS = 3;

export class Latency {
  #ms: number | undefined;
  #deviationMs = 0;

  get ms(): number {
    return this.#ms ?? INITIAL_MS;
  }

  /** What hardly any call takes longer than. */
  get mostMs(): number {
    return this.ms + DEVIATIONS * this.#deviationMs;
  }

  observe(ms: number): void {
    const off = ms - this.ms;
    this.#deviationMs += WEIGHT * (Math.abs(off) - this.#deviationMs);
    this.#ms = this.#ms === undefined ? ms : this.#ms + WEIGHT * off;
  }
}
