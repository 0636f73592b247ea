/**
 * Callers that were refused and told when to come back. Each has a reservation: until it comes back it counts in
 * predictions as if it waited, so that whoever is refused next is told a later time; and when it does, in time, it goes first
 * among the calls of its client. All processes know of all reservations, so a caller may come back to any of them.
 * Times are monotonic milliseconds that callers pass.
 */

/** How processes tell one another; nothing here waits for it, and what is lost holds in this process alone. */
export interface ReservationChannel {
  publish(message: string): void;
  subscribe(listener: (message: string) => void): void;
}

export interface ReservationsOptions {
  /** No more are known at a time. */
  readonly most: number;
  readonly channel?: ReservationChannel | undefined;
}

interface Reservation {
  readonly from: number;
  readonly until: number;
}

/** `Retry-After` is later than the promised time by up to a fifth, and rounded up to seconds; clients have timers. */
const SPREAD = 0.2;
const SECOND_MS = 1000;
const LATE_MS = 2000;

/** `Retry-After` says no more than 59 s: nothing is promised of what would be told to come back sooner than its turn. */
const LONGEST_MS = 59_000 / (1 + SPREAD);

/** How fast the share of reservations that are taken up follows what is seen: some twenty of them make up most of it. */
const WEIGHT = 0.05;

/** Share of all reservations that one client may have, however much it asks: the others are left the rest. */
const CLIENT_SHARE = 0.25;

/** Client, question, and in how many milliseconds it comes; or that it was taken up. */
const MESSAGE = /^([\w-]{0,64}) ([\w-]{1,64}) (?:(\d{1,5})|taken)$/;

export class Reservations {
  readonly #most: number;
  readonly #channel: ReservationChannel | undefined;
  /** By client, and by question. */
  readonly #all = new Map<string, Map<string, Reservation>>();
  #size = 0;
  #sweptAt = Number.NEGATIVE_INFINITY;
  /** Share of those of late that were taken up. */
  #takenShare = 1;

  constructor({ most, channel }: ReservationsOptions) {
    this.#most = most;
    this.#channel = channel;
    channel?.subscribe((message) => this.#hear(message, performance.now()));
  }

  /** Clients that have any. */
  clients(now: number): Iterable<string> {
    this.#sweep(now);
    return this.#all.keys();
  }

  /** Calls of a client that come back by then. Of callers that never do, nobody is to be refused for long. */
  dueBy(client: string, at: number): number {
    let due = 0;
    for (const { from } of this.#all.get(client)?.values() ?? []) if (from <= at) due++;
    return this.#takenShare * due;
  }

  /** @param waitMs what the caller is told */
  make(client: string, question: string, now: number, waitMs: number): void {
    const ms = Math.ceil(waitMs);
    if (this.#enter(client, question, now, ms)) this.#channel?.publish(`${client} ${question} ${ms}`);
  }

  /**
   * A caller is here that would be refused. `due`: it has come as it was told to, or nearly so; or the milliseconds by which
   * it is too early; undefined when it has none.
   */
  take(client: string, question: string, now: number): 'due' | number | undefined {
    this.#sweep(now);
    const reservation = this.#all.get(client)?.get(question);
    if (reservation === undefined) return undefined;
    // Other processes hear of it a moment later, and take its time to begin as much later.
    if (now < reservation.from - SECOND_MS) return reservation.from - now;
    this.#end(client, question, true);
    this.#channel?.publish(`${client} ${question} taken`);
    return 'due';
  }

  #enter(client: string, question: string, now: number, waitMs: number): boolean {
    this.#sweep(now);
    if (!(waitMs <= LONGEST_MS) || this.#size >= this.#most) return false;
    const own = this.#all.get(client) ?? new Map<string, Reservation>();
    if (own.size >= Math.max(1, Math.floor(this.#most * CLIENT_SHARE)) || own.has(question)) return false;
    const until = now + Math.ceil((waitMs * (1 + SPREAD)) / SECOND_MS) * SECOND_MS + LATE_MS;
    this.#all.set(client, own.set(question, { from: now + waitMs, until }));
    this.#size++;
    return true;
  }

  /** What this process says comes back to it, too. */
  #hear(message: string, now: number): void {
    const [, client, question, waitMs] = MESSAGE.exec(message) ?? [];
    if (client === undefined || question === undefined) return;
    if (waitMs === undefined) this.#end(client, question, true);
    else this.#enter(client, question, now, Number(waitMs));
  }

  /** Ends those that nobody has taken up. */
  #sweep(now: number): void {
    if (now - this.#sweptAt < SECOND_MS) return;
    this.#sweptAt = now;
    for (const [client, own] of this.#all) {
      for (const [question, { until }] of own) if (now >= until) this.#end(client, question, false);
    }
  }

  #end(client: string, question: string, taken: boolean): void {
    const own = this.#all.get(client);
    if (!own?.delete(question)) return;
    if (own.size === 0) this.#all.delete(client);
    this.#size--;
    this.#takenShare += WEIGHT * ((taken ? 1 : 0) - this.#takenShare);
  }
}
