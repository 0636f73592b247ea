/**
 * A true sliding window: the log of arrival times of the calls that were let in. No clock; times are passed in, in
 * milliseconds of any one monotonic clock.
 */

export interface WindowState {
  readonly limit: number;
  /** Calls that a caller at that moment could still make. */
  readonly remaining: number;
  /** Milliseconds until the oldest call leaves the window; 0 when it is empty. */
  readonly resetMs: number;
}

export class SlidingWindow {
  readonly #limit: number;
  readonly #windowMs: number;
  /** Ascending. */
  readonly #arrivals: number[] = [];

  constructor(limit: number, windowMs: number) {
    this.#limit = limit;
    this.#windowMs = windowMs;
  }

  /**
   * Lets a call in unless some window of that length, (t − windowMs, t], would then hold more than `limit` calls. A
   * refused call leaves no trace.
   *
   * Calls may be reported in another order than they arrived in (bodies take their time), as long as none is reported
   * more than one window later than a call that arrived after it.
   */
  take(at: number): boolean {
    const arrivals = this.#arrivals;
    let place = arrivals.length;
    while (place > 0 && arrivals[place - 1]! > at) place--;
    const withNewcomer = (i: number) => (i < place ? arrivals[i]! : i === place ? at : arrivals[i - 1]!);
    // Every run of limit + 1 calls that the newcomer would be part of must span at least one window.
    for (let first = Math.max(0, place - this.#limit); first <= place; first++) {
      const last = first + this.#limit;
      if (last > arrivals.length) break;
      if (withNewcomer(last) - withNewcomer(first) < this.#windowMs) return false;
    }
    arrivals.splice(place, 0, at);
    this.#forget();
    return true;
  }

  /** What the headers of an answer to a call that arrived `at` say. */
  state(at: number): WindowState {
    const inside = this.#arrivals.filter((arrival) => arrival <= at && at - arrival < this.#windowMs);
    return {
      limit: this.#limit,
      remaining: Math.max(0, this.#limit - inside.length),
      resetMs: inside.length === 0 ? 0 : inside[0]! + this.#windowMs - at,
    };
  }

  /** Two windows are kept, not one: a call reported late is compared with those before it. */
  #forget(): void {
    const horizon = this.#arrivals.at(-1)! - 2 * this.#windowMs;
    let gone = 0;
    while (this.#arrivals[gone]! <= horizon) gone++;
    this.#arrivals.splice(0, gone);
  }
}
