/**
 * What has failed and may itself be to blame: calls by their content. A call that fails whoever makes it, and however often,
 * says nothing about the upstream; and it is not what an upstream that may be unwell should be tried with.
 */

/** Who makes a call, and what it asks: the same for the same question about the same documents. */
export interface Caller {
  readonly client: string;
  readonly content?: string | undefined;
}

interface Suspect {
  /** In a row. */
  failures: number;
  /** The first of them, and the last, or when it was tried again since. */
  readonly since: number;
  at: number;
}

/** Contents that are remembered; beyond that, those that have not failed for longest are forgotten. */
const MOST = 1000;

/** And so is, after this time, what has not failed again. Milliseconds. */
const FORGET_MS = 600_000;

export interface Patience {
  /** Failures in a row after which something is left alone, */
  readonly failures: number;
  /** and the milliseconds that they must have lasted. */
  readonly ms: number;
}

export class Suspects {
  readonly #known = new Map<string, Suspect>();
  readonly #pauseMs: (failures: number) => number;

  /** @param pauseMs how long something is left alone that has failed so many times too often, milliseconds */
  constructor(pauseMs: (failures: number) => number) {
    this.#pauseMs = pauseMs;
  }

  get size(): number {
    return this.#known.size;
  }

  /** When it began to fail; undefined: it did not fail the last time, or that is long ago. Monotonic milliseconds. */
  since(content: string, now: number): number | undefined {
    return this.#of(content, now)?.since;
  }

  failed(content: string, startedAt: number, now: number): void {
    const { failures, since } = this.#of(content, now) ?? { failures: 0, since: startedAt };
    // Last in the map: the first one is always the one that is forgotten next.
    this.#known.delete(content);
    this.#known.set(content, { failures: failures + 1, since, at: now });
    for (const [first, { at }] of this.#known) {
      if (this.#known.size <= MOST && now - at <= FORGET_MS) break;
      this.#known.delete(first);
    }
  }

  /** It has done no harm. */
  clear(content: string): void {
    this.#known.delete(content);
  }

  /** It is asked once more: nobody else needs to do so meanwhile. */
  tried(content: string, now: number): void {
    const suspect = this.#of(content, now);
    if (suspect !== undefined) suspect.at = now;
  }

  /** Milliseconds for which it is not to be asked; 0: it may be. */
  barredMs(content: string, { failures, ms }: Patience, now: number): number {
    const suspect = this.#of(content, now);
    if (suspect === undefined) return 0;
    const tooMany = suspect.failures - failures;
    if (tooMany < 0 || suspect.at - suspect.since < ms) return 0;
    return Math.max(0, suspect.at + this.#pauseMs(tooMany) - now);
  }

  #of(content: string, now: number): Suspect | undefined {
    const suspect = this.#known.get(content);
    return suspect !== undefined && now - suspect.at <= FORGET_MS ? suspect : undefined;
  }
}
