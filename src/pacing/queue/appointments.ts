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

/** Appointments of one client that begin within the same second. */
interface Second {
  /** Its end. */
  readonly at: number;
  calls: number;
  /** When the last of them ends. */
  until: number;
}

/** `Retry-After` is later than the promised time by up to a fifth, and rounded up to seconds; clients have timers. */
const SPREAD = 0.2;
const SECOND_MS = 1000;
const LATE_MS = 2000;

/** `Retry-After` says no more than 59 s: nothing is promised of what would be told to come back sooner than its place. */
const LONGEST_MS = 59_000 / (1 + SPREAD);

/** How fast the share of appointments that are kept follows what is seen: some twenty of them make up most of it. */
const WEIGHT = 0.05;

/** Share of all appointments that one client may have, however much it asks: the others are left the rest. */
const CLIENT_SHARE = 0.25;

export interface AppointmentsOptions {
  /** More are not made. */
  readonly most: number;
  readonly store?: AppointmentStore | undefined;
  /** Others are known to have made some for the client. */
  readonly madeElsewhere?: (client: string) => boolean;
}

/** For how long a client may keep an appointment that was made elsewhere after that was last heard of: as long as any lasts. */
const KEPT_IN_MIND_MS = 65_000;

export class Appointments {
  readonly #most: number;
  readonly #mostOfClient: number;
  readonly #store: AppointmentStore | undefined;
  readonly #madeElsewhere: (client: string) => boolean;
  readonly #heardAt = new Map<string, number>();
  #firstAt: number | undefined;
  readonly #made = new Map<string, Appointment>();
  /** Of each client that has any: in order of time, and how many in all. */
  readonly #clients = new Map<string, { readonly seconds: Second[]; calls: number }>();
  #sweptAt = Number.NEGATIVE_INFINITY;
  /** Of late: appointments made here that have ended, and appointments kept here, wherever they were made. */
  #ended = 1;
  #kept = 1;

  constructor({ most, store, madeElsewhere = () => true }: AppointmentsOptions) {
    this.#most = most;
    this.#mostOfClient = Math.max(1, Math.floor(most * CLIENT_SHARE));
    this.#store = store;
    this.#madeElsewhere = madeElsewhere;
  }

  /** Clients that have any. */
  clients(now: number): Iterable<string> {
    this.#sweep(now);
    return this.#clients.keys();
  }

  /**
   * Calls of a client to be expected within so many milliseconds. An appointment counts in full until its time, and
   * then less and less: it may have been kept in another process.
   */
  expectedBy(client: string, inMs: number, now: number): number {
    let calls = 0;
    for (const second of this.#clients.get(client)?.seconds ?? []) {
      if (second.at - now > inMs) break;
      calls += sure(second, now);
    }
    return this.#share * calls;
  }

  /** The same call by call: those of one second together. */
  expected(client: string, now: number): Coming[] {
    const seconds = this.#clients.get(client)?.seconds ?? [];
    return seconds.map((second) => ({
      inMs: Math.max(0, second.at - now),
      calls: this.#share * sure(second, now),
    }));
  }

  /** @param waitMs what the caller is told */
  make(client: string, question: string, now: number, waitMs: number): void {
    this.#sweep(now);
    if (!(waitMs <= LONGEST_MS) || this.#made.size >= this.#most) return;
    const own = this.#clients.get(client) ?? { seconds: [], calls: 0 };
    const key = keyOf(client, question);
    if (own.calls >= this.#mostOfClient || this.#made.has(key)) return;
    const lifeMs = Math.ceil((waitMs * (1 + SPREAD)) / SECOND_MS) * SECOND_MS + LATE_MS;
    const appointment = { client, from: now + waitMs, until: now + lifeMs };
    this.#made.set(key, appointment);
    this.#clients.set(client, own);
    own.calls++;
    enter(own.seconds, appointment);
    this.#store?.put(key, lifeMs, lifeMs - waitMs);
  }

  /**
   * A caller is here that would be refused. `due`: it has kept its appointment, made here or elsewhere, and goes first;
   * or the milliseconds by which it is too early; undefined when it has none.
   */
  async keep(client: string, question: string, now: number): Promise<'due' | number | undefined> {
    this.#sweep(now);
    const key = keyOf(client, question);
    const own = this.#made.get(key);
    if (own === undefined) {
      if (this.#store === undefined || !this.#mayHaveElsewhere(client, now)) return undefined;
      const taken = await this.#store.take(key);
      if (taken === 'due') this.#kept++;
      return taken;
    }
    if (now < own.from) return own.from - now;
    this.#kept++;
    this.#end(key, own);
    this.#store?.drop(key);
    return 'due';
  }

  /** Whoever has never had one, as far as others tell, costs no look. At first, there may be some from before. */
  #mayHaveElsewhere(client: string, now: number): boolean {
    this.#firstAt ??= now;
    if (this.#madeElsewhere(client)) this.#heardAt.set(client, now);
    const heardAt = this.#heardAt.get(client) ?? this.#firstAt;
    return now - heardAt < KEPT_IN_MIND_MS;
  }

  /** Of callers that never come back, nobody is to be refused for long. */
  get #share(): number {
    return Math.min(1, this.#kept / this.#ended);
  }

  /** Ends those that nobody has kept. Once a second will do: by then they count for nothing. */
  #sweep(now: number): void {
    if (now - this.#sweptAt < SECOND_MS) return;
    this.#sweptAt = now;
    for (const [key, appointment] of this.#made) if (now >= appointment.until) this.#end(key, appointment);
  }

  #end(key: string, { client, from }: Appointment): void {
    this.#made.delete(key);
    const own = this.#clients.get(client)!;
    leave(own.seconds, from);
    if (--own.calls === 0) this.#clients.delete(client);
    this.#ended = (1 - WEIGHT) * this.#ended + 1;
    this.#kept *= 1 - WEIGHT;
  }
}

const keyOf = (client: string, question: string): string => `${client}:${question}`;

const sure = ({ at, until, calls }: Second, now: number): number =>
  now < at ? calls : Math.max(0, calls * Math.min(1, (until - now) / (until - at)));

const endOf = (from: number): number => Math.ceil(from / SECOND_MS) * SECOND_MS;

/** Most come later than all who are there, since each is told a later time. */
const enter = (seconds: Second[], { from, until }: Appointment): void => {
  const at = endOf(from);
  const index = seconds.findLastIndex((second) => second.at <= at);
  const second = seconds[index];
  if (second?.at !== at) {
    seconds.splice(index + 1, 0, { at, calls: 1, until });
    return;
  }
  second.calls++;
  second.until = Math.max(second.until, until);
};

const leave = (seconds: Second[], from: number): void => {
  const index = seconds.findIndex(({ at }) => at === endOf(from));
  if (--seconds[index]!.calls === 0) seconds.splice(index, 1);
};
