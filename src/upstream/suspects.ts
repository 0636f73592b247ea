/**
 * Calls that have failed and may be the cause themselves, by their content. A call that fails each time, whichever client makes
 * it, says nothing about the upstream; and an upstream that may be failing should not be tried with it.
 */

/** Who makes a call, and its content: equal for the same question about the same items. */
export interface Caller {
  readonly client: string;
  readonly content?: string | undefined;
}

interface Suspect {
  /** Failures in a row. */
  failures: number;
  /** When the first of them began; and the time of the last one, or of a later trial. Monotonic milliseconds. */
  readonly since: number;
  at: number;
}

/** The most contents that are remembered: those whose last failure is oldest are forgotten first. */
const MOST = 1000;

/** A content that has not failed for so long is forgotten. Milliseconds. */
const FORGET_MS = 600_000;

export interface Patience {
  /** Failures in a row after which a call is no longer made for a while, */
  readonly failures: number;
  /** and the milliseconds between the first and the last of them. */
  readonly ms: number;
}

export class Suspects {
  readonly #known = new Map<string, Suspect>();
  readonly #pauseMs: (failures: number) => number;

  /** @param pauseMs the pause for a call that has failed so many times more than `Patience` allows, milliseconds */
  constructor(pauseMs: (failures: number) => number) {
    this.#pauseMs = pauseMs;
  }

  get size(): number {
    return this.#known.size;
  }

  /** When the content began to fail; undefined: it did not fail the last time, or that is long ago. Monotonic milliseconds. */
  since(content: string, now: number): number | undefined {
    return this.#of(content, now)?.since;
  }

  failed(content: string, startedAt: number, now: number): void {
    const { failures, since } = this.#of(content, now) ?? { failures: 0, since: startedAt };
    // Moved to the end of the map: the first entry is always the next to be forgotten.
    this.#known.delete(content);
    this.#known.set(content, { failures: failures + 1, since, at: now });
    for (const [first, { at }] of this.#known) {
      if (this.#known.size <= MOST && now - at <= FORGET_MS) break;
      this.#known.delete(first);
    }
  }

  /** The content has not failed this time. */
  clear(content: string): void {
    this.#known.delete(content);
  }

  /** The content is tried once more: no other caller needs to try it meanwhile. */
  tried(content: string, now: number): void {
    const suspect = this.#of(content, now);
    if (suspect !== undefined) suspect.at = now;
  }

  /** Milliseconds for which the content must not be sent; 0: it may be sent. */
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
