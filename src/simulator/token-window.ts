/** A sliding window of tokens: the log of the calls that were let in, each with its tokens. No clock; times as in sliding-window.ts. */

import type { WindowState } from './sliding-window.ts';

interface Entry {
  readonly at: number;
  readonly tokens: number;
}

export class TokenWindow {
  readonly #limit: number;
  readonly #windowMs: number;
  /** By time. */
  #entries: readonly Entry[] = [];

  constructor(limit: number, windowMs: number) {
    this.#limit = limit;
    this.#windowMs = windowMs;
  }

  /** Whether no window of that length would hold more tokens than the limit with this call. */
  fits(at: number, tokens: number): boolean {
    const all = this.#with({ at, tokens });
    return all
      .filter((last) => last.at >= at && last.at - at < this.#windowMs)
      .every((last) => this.#inside(all, last.at) <= this.#limit);
  }

  add(at: number, tokens: number): void {
    const all = this.#with({ at, tokens });
    const horizon = all.at(-1)!.at - 2 * this.#windowMs;
    this.#entries = all.filter((entry) => entry.at > horizon);
  }

  state(at: number): WindowState {
    const first = this.#entries.find((entry) => entry.at <= at && at - entry.at < this.#windowMs);
    return {
      limit: this.#limit,
      remaining: Math.max(0, this.#limit - this.#inside(this.#entries, at)),
      resetMs: first === undefined ? 0 : first.at + this.#windowMs - at,
    };
  }

  #with(entry: Entry): readonly Entry[] {
    return [...this.#entries, entry].sort((a, b) => a.at - b.at);
  }

  #inside(entries: readonly Entry[], at: number): number {
    return entries.reduce(
      (sum, entry) => (entry.at <= at && at - entry.at < this.#windowMs ? sum + entry.tokens : sum),
      0,
    );
  }
}
