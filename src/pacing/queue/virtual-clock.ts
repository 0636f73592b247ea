/**
 * Virtual time, in calls' worth of a window (see sizeOf in window/window.ts), and where in it each client that has nothing queued would start. A client that was idle starts at
 * the present, less its credit: it waits behind nobody's backlog, catches up with part of what others had meanwhile, and
 * saves up no more than that. One that has just had its turn starts where it would have gone on.
 */

import type { Turns } from '../window/window.ts';

export class VirtualClock {
  readonly #weightOf: (client: string) => number;
  readonly #credit: number;
  /** Tags of idle clients that are ahead of where they would start anew: leaving does not wipe out what one has had. */
  readonly #dues = new Map<string, number>();
  #time = 0;

  /** @param credit calls that a client may be served ahead of its turn after a time without any */
  constructor(weightOf: (client: string) => number, credit: number) {
    this.#weightOf = weightOf;
    this.#credit = credit;
  }

  /** How far so many calls' worth move a client's tag on. */
  advance(client: string, size: number): number {
    return size / this.#weightOf(client);
  }

  /** Calls of a client that are due by `tag`, if its first is due at `first`, and each is worth so much. */
  turnsUntil(tag: number, first: number, client: string, size = 1): number {
    return first > tag ? 0 : Math.floor(((tag - first) * this.#weightOf(client)) / size) + 1;
  }

  /** The tag of a client's first call if it had nothing queued. */
  startTag(client: string): number {
    return Math.max(this.#earliestTag(client), this.#dues.get(client) ?? Number.NEGATIVE_INFINITY);
  }

  /** A call is served that was due then. Time never goes back: one that had to wait for a lane that fits is served late. */
  serve(tag: number): void {
    this.#time = Math.max(this.#time, tag);
  }

  /** A client has nothing queued any more; its next call would have been due then. */
  retire(client: string, tag: number): void {
    for (const [name, due] of this.#dues) if (due <= this.#earliestTag(name)) this.#dues.delete(name);
    if (tag > this.#earliestTag(client)) this.#dues.set(client, tag);
  }

  /** Goes on from where others, who serve the same clients, are. */
  adopt({ virtualTime, tags }: Turns): void {
    this.#time = virtualTime;
    this.#dues.clear();
    for (const [client, tag] of tags) if (tag > this.#earliestTag(client)) this.#dues.set(client, tag);
  }

  /** Where a client starts that has had nothing for long. */
  #earliestTag(client: string): number {
    return this.#time - this.advance(client, this.#credit);
  }
}
