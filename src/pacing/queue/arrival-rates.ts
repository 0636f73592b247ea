/**
 * How many calls each client brings of late: the best guess at how many it will bring next. The longer ago one came, the
 * less it counts, so that nothing but a number is kept of each client.
 */

/** Share of a period after which a call counts a third: long enough for a service that asks now and then. */
const MEMORY = 0.2;

/** What counts for less is forgotten. */
const LEAST = 0.01;

export class ArrivalRates {
  readonly #periodMs: () => number;
  readonly #clients = new Map<string, { readonly calls: number; readonly at: number }>();

  /** @param periodMs after which what happens in a saturated window repeats itself */
  constructor(periodMs: () => number) {
    this.#periodMs = periodMs;
  }

  get periodMs(): number {
    return this.#periodMs();
  }

  /** A call has come. @param now monotonic milliseconds */
  note(client: string, now: number): void {
    this.#clients.set(client, { calls: this.#weightOf(client, now) + 1, at: now });
  }

  /** Clients that have brought any of late. */
  clients(now: number): Iterable<string> {
    for (const name of this.#clients.keys())
      if (this.#weightOf(name, now) < LEAST) this.#clients.delete(name);
    return this.#clients.keys();
  }

  /** Calls that the client brings in so many milliseconds if it goes on as it does. */
  within(client: string, ms: number, now: number): number {
    return (this.#weightOf(client, now) / (MEMORY * this.periodMs)) * ms;
  }

  #weightOf(client: string, now: number): number {
    const count = this.#clients.get(client);
    return count === undefined ? 0 : count.calls * Math.exp((count.at - now) / (MEMORY * this.periodMs));
  }
}
