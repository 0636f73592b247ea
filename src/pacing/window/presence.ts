/** Which other processes there are. Pure: times are monotonic milliseconds that callers pass. */

/**
 * How long another process is counted in after it was last heard of, milliseconds: a Redis that has forgotten everything
 * names nobody at first.
 */
const PRESENCE_MS = 5000;

export class Presence {
  readonly #heardAt = new Map<string, number>();

  hear(processes: Iterable<string>, now: number): void {
    for (const process of processes) this.#heardAt.set(process, now);
  }

  /** Those heard of lately. */
  list(now: number): readonly string[] {
    for (const [process, at] of this.#heardAt) if (at < now - PRESENCE_MS) this.#heardAt.delete(process);
    return [...this.#heardAt.keys()];
  }
}
