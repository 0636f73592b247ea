/**
 * What calls are like of late, in means in which the latest count most: how many each client brings, which is the best guess at
 * how many it will bring next; how long a call lasts, and how far that is off (the estimator that TCP has for round trips:
 * RFC 6298, section 2); and what it costs.
 */

/** Weight of a new call in what is usual: some ten calls make up most of it. */
const WEIGHT = 0.1;

/** What a call is taken to last before any has been seen, milliseconds. */
const INITIAL_MS = 300;

/** Deviations from the mean that hardly any call is above. */
const DEVIATIONS = 3;

/** Share of a period after which a call that came counts a third: long enough for a service that asks now and then. */
const MEMORY = 0.2;

/** What counts for less is forgotten. */
const LEAST = 0.01;

export class RecentCalls {
  readonly #windowMs: number;
  /** Nothing but a number is kept of each client, as of a moment. */
  readonly #clients = new Map<string, { readonly calls: number; readonly at: number }>();
  #ms: number | undefined;
  #deviationMs = 0;
  #tokens = 0;

  /** @param windowMs length of the window, milliseconds */
  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** How long a call lasts, milliseconds. */
  get ms(): number {
    return this.#ms ?? INITIAL_MS;
  }

  /** What hardly any call takes longer than. */
  get mostMs(): number {
    return this.ms + DEVIATIONS * this.#deviationMs;
  }

  /** What a call costs, where tokens are limited. */
  get tokens(): number {
    return this.#tokens;
  }

  /** After which what happens in a saturated window repeats itself. */
  get periodMs(): number {
    return this.#windowMs + this.ms;
  }

  /** Clients that have brought any. @param now monotonic milliseconds */
  clients(now: number): Iterable<string> {
    for (const name of this.#clients.keys()) if (this.#of(name, now) < LEAST) this.#clients.delete(name);
    return this.#clients.keys();
  }

  /** Calls that the client brings in so many milliseconds if it goes on as it does. */
  within(client: string, ms: number, now: number): number {
    return (this.#of(client, now) / (MEMORY * this.periodMs)) * ms;
  }

  came(client: string, now: number): void {
    this.#clients.set(client, { calls: this.#of(client, now) + 1, at: now });
  }

  lasted(ms: number): void {
    const off = ms - this.ms;
    this.#deviationMs += WEIGHT * (Math.abs(off) - this.#deviationMs);
    this.#ms = this.#ms === undefined ? ms : this.#ms + WEIGHT * off;
  }

  cost(tokens: number): void {
    this.#tokens += WEIGHT * (tokens - this.#tokens);
  }

  #of(client: string, now: number): number {
    const count = this.#clients.get(client);
    return count === undefined ? 0 : count.calls * Math.exp((count.at - now) / (MEMORY * this.periodMs));
  }
}
