/**
 * Callers that were refused and told when to come back. Each has an appointment: predictions count it as if it waited,
 * so that whoever is refused next is told a later time, and when it comes back in time it goes first among the calls of
 * its client. Pure but for the store; times are monotonic milliseconds that callers pass.
 */

import type { Coming } from '../window/window.ts';

/** Where appointments are kept so that they count in every process. Nothing here ever rejects. */
export interface AppointmentStore {
  /** @param lateMs for how long before its end, in `lifeMs` from now, the appointment can be kept */
  put(key: string, lifeMs: number, lateMs: number): void;
  /** Takes an appointment that is due; else the milliseconds until it is, or undefined when there is none. */
  take(key: string): Promise<'due' | number | undefined>;
  /** Forgets it. */
  drop(key: string): void;
}

interface Appointment {
  readonly client: string;
  readonly from: number;
  readonly until: number;
}

/** `Retry-After` is later than the promised time by up to a fifth, and rounded up to seconds; clients have timers. */
const SPREAD = 0.2;
const SECOND_MS = 1000;
const LATE_MS = 2000;

/** `Retry-After` says no more than 59 s: nothing is promised of what would be told to come back sooner than its place. */
const LONGEST_MS = 59_000 / (1 + SPREAD);

/** How fast the share of appointments that are kept follows what is seen: some twenty of them make up most of it. */
const WEIGHT = 0.05;

export interface AppointmentsOptions {
  /** More are not made. */
  readonly most: number;
  readonly store?: AppointmentStore | undefined;
}

export class Appointments {
  readonly #most: number;
  readonly #store: AppointmentStore | undefined;
  readonly #made = new Map<string, Appointment>();
  /** Of late: appointments made here that have ended, and appointments kept here, wherever they were made. */
  #ended = 1;
  #kept = 1;

  constructor({ most, store }: AppointmentsOptions) {
    this.#most = most;
    this.#store = store;
  }

  /**
   * Calls to be expected of each client, those of one second together. An appointment counts in full until its time, and
   * then less and less: it may have been kept in another process.
   */
  expected(now: number): ReadonlyMap<string, readonly Coming[]> {
    const seconds = new Map<string, Map<number, number>>();
    // Of callers that never come back, nobody is to be refused for long.
    const share = Math.min(1, this.#kept / this.#ended);
    for (const [key, { client, from, until }] of this.#made) {
      if (now >= until) {
        this.#end(key);
        continue;
      }
      const sure = now < from ? 1 : (until - now) / (until - from);
      const second = Math.ceil(Math.max(0, from - now) / SECOND_MS);
      const calls = seconds.get(client) ?? new Map<number, number>();
      calls.set(second, (calls.get(second) ?? 0) + share * sure);
      seconds.set(client, calls);
    }
    const inOrder = (calls: ReadonlyMap<number, number>): Coming[] =>
      [...calls].sort(([a], [b]) => a - b).map(([second, calls]) => ({ inMs: second * SECOND_MS, calls }));
    return new Map([...seconds].map(([client, calls]) => [client, inOrder(calls)]));
  }

  /** @param waitMs what the caller is told */
  make(client: string, question: string, now: number, waitMs: number): void {
    if (waitMs > LONGEST_MS || this.#made.size >= this.#most) return;
    const key = keyOf(client, question);
    if (this.#made.has(key)) return;
    const lifeMs = Math.ceil((waitMs * (1 + SPREAD)) / SECOND_MS) * SECOND_MS + LATE_MS;
    this.#made.set(key, { client, from: now + waitMs, until: now + lifeMs });
    this.#store?.put(key, lifeMs, lifeMs - waitMs);
  }

  /**
   * A caller is here that would be refused. `due`: it has kept its appointment, made here or elsewhere, and goes first;
   * or the milliseconds by which it is too early; undefined when it has none.
   */
  async keep(client: string, question: string, now: number): Promise<'due' | number | undefined> {
    const key = keyOf(client, question);
    const own = this.#made.get(key);
    if (own === undefined) {
      const taken = await this.#store?.take(key);
      if (taken === 'due') this.#kept++;
      return taken;
    }
    if (now < own.from) return own.from - now;
    this.#kept++;
    this.#end(key);
    this.#store?.drop(key);
    return 'due';
  }

  #end(key: string): void {
    this.#made.delete(key);
    this.#ended = (1 - WEIGHT) * this.#ended + 1;
    this.#kept *= 1 - WEIGHT;
  }
}

const keyOf = (client: string, question: string): string => `${client}:${question}`;
