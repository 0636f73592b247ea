/**
 * How many calls each client brings of late: the best guess at how many it will bring next. They are counted over one
 * period, after which what happens in a saturated window repeats itself; over any shorter or longer time, the count
 * would swing with the window's bursts.
 */
export class Arrivals {
  readonly #periodMs: () => number;
  /** In order of time. */
  #events: { readonly client: string; readonly at: number }[] = [];
  #expired = 0;
  readonly #clients = new Map<string, Count>();

  /** @param periodMs a call's place is free again when the call has been answered and a window has passed */
  constructor(periodMs: () => number) {
    this.#periodMs = periodMs;
  }

  /** @param now monotonic milliseconds, never earlier than before */
  note(client: string, now: number): void {
    this.#events.push({ client, at: now });
    const count = this.#clients.get(client);
    if (count !== undefined) count.calls++;
    else this.#clients.set(client, { calls: 1, since: now });
  }

  /** Clients that brought any within the period that ends now. */
  clients(now: number): Iterable<string> {
    this.#forget(now);
    return this.#clients.keys();
  }

  /**
   * Calls that the client brings in a period if it goes on as it does. One that has begun within the last period has
   * shown only part of what it brings.
   */
  perPeriod(client: string, now: number): number {
    this.#forget(now);
    const count = this.#clients.get(client);
    if (count === undefined) return 0;
    const periodMs = this.#periodMs();
    const age = Math.min(periodMs, Math.max(now - count.since, LEAST_SHARE * periodMs));
    return Math.max(count.calls, ((count.calls - 1) * periodMs) / age);
  }

  #forget(now: number): void {
    const until = now - this.#periodMs();
    for (; this.#expired < this.#events.length; this.#expired++) {
      const { client, at } = this.#events[this.#expired]!;
      if (at > until) break;
      const count = this.#clients.get(client)!;
      if (--count.calls === 0) this.#clients.delete(client);
    }
    if (this.#expired < this.#events.length / 2) return;
    this.#events = this.#events.slice(this.#expired);
    this.#expired = 0;
  }
}

interface Count {
  calls: number;
  /** When it began, after a period without any. */
  readonly since: number;
}

/** Share of a period of which no less is taken for what a client brings: all of a burst may have come in a moment. */
const LEAST_SHARE = 0.125;
