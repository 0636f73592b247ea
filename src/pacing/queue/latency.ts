/** Recent latency of the upstream: an exponentially weighted mean, so that predictions follow it. */

/** Weight of a new observation: some ten calls make up most of the mean. */
const WEIGHT = 0.1;

/** What a call is taken to last before any has been seen, milliseconds. */
const INITIAL_MS = 300;

export class Latency {
  #ms: number | undefined;

  get ms(): number {
    return this.#ms ?? INITIAL_MS;
  }

  observe(ms: number): void {
    this.#ms = this.#ms === undefined ? ms : this.#ms + WEIGHT * (ms - this.#ms);
  }
}
