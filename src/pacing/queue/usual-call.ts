/**
 * How long a call lasts of late, and what it costs: exponentially weighted means, so that predictions follow them. Also of how
 * far a call's time is off (the estimator that TCP has for round trips: RFC 6298, section 2).
 */

/** Weight of a new observation: some ten calls make up most of the mean. */
const WEIGHT = 0.1;

/** What a call is taken to last before any has been seen, milliseconds. */
const INITIAL_MS = 300;

/** Deviations from the mean that hardly any call is above. */
const DEVIATIONS = 3;

export class UsualCall {
  #ms: number | undefined;
  #deviationMs = 0;
  #tokens = 0;

  get ms(): number {
    return this.#ms ?? INITIAL_MS;
  }

  /** What hardly any call takes longer than. */
  get mostMs(): number {
    return this.ms + DEVIATIONS * this.#deviationMs;
  }

  get tokens(): number {
    return this.#tokens;
  }

  lasted(ms: number): void {
    const off = ms - this.ms;
    this.#deviationMs += WEIGHT * (Math.abs(off) - this.#deviationMs);
    this.#ms = this.#ms === undefined ? ms : this.#ms + WEIGHT * off;
  }

  /** @param tokens likely ones */
  costs(tokens: number): void {
    this.#tokens += WEIGHT * (tokens - this.#tokens);
  }
}
