/**
 * How many calls each client brings of late: the best guess at how many it will bring next. They are counted over one
 * period, after which what happens in a saturated window repeats itself; over any shorter or longer time, the count
 * would swing with the window's bursts.
 */
export class Arrivals {
  readonly #periodMs: () => number;
  readonly #times = new Map<string, number[]>();

  /** @param periodMs a call's place is free again when the call has been answered and a window has passed */
  constructor(periodMs: () => number) {
    this.#periodMs = periodMs;
  }

  /** @param now monotonic milliseconds, never earlier than before */
  note(client: string, now: number): void {
    const times = this.#times.get(client);
    if (times) times.push(now);
    else this.#times.set(client, [now]);
  }

  /** Calls per client within the period that ends now; whoever brought none is not named. */
  count(now: number): ReadonlyMap<string, number> {
    const since = now - this.#periodMs();
    const counts = new Map<string, number>();
    for (const [client, times] of this.#times) {
      const recent = times.findIndex((time) => time > since);
      if (recent < 0) {
        this.#times.delete(client);
        continue;
      }
      times.splice(0, recent);
      counts.set(client, times.length);
    }
    return counts;
  }
}
