/** Permits that are held, in the order in which they come free. Pure: times are monotonic milliseconds. */

import { type Amount, least } from './amount.ts';

/** One, or several that come free together. */
export interface Permit extends Amount {
  /** When it comes free; for a call in flight, when it must have ended and a window more. */
  releaseAt: number;
  /** Granted one by one, not as asked. */
  readonly spaced: boolean;
  tokens: number;
  /** Of others who use the same key: the upstream counts it, and nobody here made it. */
  readonly foreign?: boolean;
}

export class Permits {
  /** Ascending. */
  readonly #list: Permit[];
  readonly #held = { calls: 0, tokens: 0 };
  readonly #burst = { calls: 0, tokens: 0 };

  /** @param permits in any order; the list is kept */
  constructor(permits: Permit[] = []) {
    this.#list = permits.sort((a, b) => a.releaseAt - b.releaseAt);
    for (const permit of permits) this.#count(permit, 1);
  }

  /** How much is held; what was granted as asked of it. */
  get held(): Amount {
    return this.#held;
  }

  get burst(): Amount {
    return this.#burst;
  }

  /** Ascending; not to be kept. */
  get list(): readonly Permit[] {
    return this.#list;
  }

  add(permit: Permit): void {
    this.#list.splice(this.#after(permit.releaseAt), 0, permit);
    this.#count(permit, 1);
  }

  /** False when it is not there. To be called before it changes. */
  remove(permit: Permit): boolean {
    // Equal moments stand side by side.
    let at = this.#after(permit.releaseAt) - 1;
    while (at >= 0 && this.#list[at] !== permit && !(this.#list[at]!.releaseAt < permit.releaseAt)) at--;
    if (this.#list[at] !== permit) return false;
    this.#list.splice(at, 1);
    this.#count(permit, -1);
    return true;
  }

  /** What has come free by now is forgotten. */
  dropUntil(now: number): void {
    if (!(this.firstFree() <= now)) return;
    for (const permit of this.#list.splice(0, this.#after(now))) this.#count(permit, -1);
  }

  /** When the first comes free, or the first of those granted as asked. */
  firstFree(burst = false): number {
    const first = burst ? this.#list.find(({ spaced }) => !spaced) : this.#list[0];
    return first?.releaseAt ?? Number.POSITIVE_INFINITY;
  }

  /** When so many tokens have come free; never, if not so many are held. */
  whenFree(tokens: number): number {
    let free = 0;
    for (const permit of this.#list) {
      free += permit.tokens;
      if (free >= tokens) return permit.releaseAt;
    }
    return Number.POSITIVE_INFINITY;
  }

  #count({ calls, tokens, spaced }: Permit, sign: 1 | -1): void {
    for (const sum of spaced ? [this.#held] : [this.#held, this.#burst]) {
      sum.calls += sign * calls;
      sum.tokens += sign * tokens;
    }
  }

  /** The index behind all that come free at `moment` or before. */
  #after(moment: number): number {
    return least(this.#list.length, (index) => this.#list[index]!.releaseAt > moment);
  }
}
