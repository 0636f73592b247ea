/**
 * The queue of one process for one model. bottleneck holds requests for "one slot, please" and serves them one at a
 * time per attachment; which waiting call gets a slot is decided when it is granted, out of a fair queue that an
 * aborted call has long left. Several attachments draw on the same queue, so a call goes where a slot is free first.
 */

import type { Again, Verdict, Wait } from '../rerank/attempt.ts';
import { RerankError } from '../rerank/errors.ts';
import type { Terms } from '../rerank/scoring.ts';
import { type AppointmentStore, Appointments } from './appointments.ts';
import { FairQueue } from './fair-queue.ts';
import { LaneServer } from './lane-server.ts';
import { type Lane, Lanes } from './lanes.ts';
import { Latency } from './latency.ts';
import type { Block, CallOutcome, Line, WindowEntry } from './window.ts';

export type { Lane } from './lanes.ts';

export interface PacerOptions {
  readonly lanes: readonly Lane[];
  /** Calls that may wait; more are refused. */
  readonly maxQueue: number;
  readonly weightOf?: (client: string) => number;
  /** Where other processes find the appointments that this one makes; undefined: there are no others. */
  readonly appointments?: AppointmentStore | undefined;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
}

export interface Slot {
  readonly attachment: string;
  /** There is another attachment that the call could go to. */
  readonly replaceable: boolean;
  readonly wait: Wait;
  release(outcome: CallOutcome & { readonly verdict: Verdict }): void;
  giveBack(): void;
}

/** A place in the queue, and what is to be expected of it. */
interface Spot {
  readonly client: string;
  readonly urgency: number;
  readonly again: Again | undefined;
  /** Milliseconds until the call would start. */
  readonly wait: number;
  /** When its answer should be there. */
  readonly expected: number;
}

interface Ticket extends Omit<Spot, 'client' | 'urgency'> {
  client: string;
  urgency: number;
  readonly blockAt: (server: LaneServer) => Block | undefined;
  readonly grant: (slot: Slot) => void;
  readonly refuse: (error: RerankError) => void;
}

/**
 * More urgent than anything that callers can ask for: a call that is made again has waited already, and so has a caller
 * that comes back when it was told to.
 */
const FIRST = -1;

/**
 * Share of the limit that a service may be served ahead of its turn. While one service takes a whole burst, another
 * that asks now and then gets nothing of it; of the places that come one by one afterwards, half would be less than it
 * asks for, and its calls would pile up.
 */
const CREDIT_SHARE = 0.1;

const NOBODY: ReadonlyMap<string, number> = new Map();

const monotonic = (): number => performance.now();

export class Pacer {
  readonly #queue: FairQueue<Ticket>;
  readonly #lanes: Lanes<LaneServer>;
  readonly #maxQueue: number;
  readonly #appointments: Appointments;
  readonly #latency = new Latency();
  readonly #now: () => number;

  constructor({ lanes, maxQueue, weightOf, appointments, now = monotonic }: PacerOptions) {
    const limit = lanes.reduce((sum, { window }) => sum + window.limit, 0);
    this.#queue = new FairQueue(weightOf, CREDIT_SHARE * limit);
    this.#lanes = new Lanes(
      lanes.map(
        (lane) =>
          new LaneServer(lane, (server) => ({
            wanted: () => this.#wanted(server),
            line: () => this.line,
            grant: (entry) => this.#grant(server, entry),
          })),
      ),
    );
    this.#maxQueue = maxQueue;
    this.#appointments = new Appointments({ most: maxQueue, store: appointments });
    this.#now = now;
    for (const { health } of lanes) health.listen(() => this.#rearrange());
  }

  get waiting(): number {
    return this.#queue.size;
  }

  /** What waits here, for other processes to know. */
  get line(): Line {
    return { waiting: this.#queue.size, due: this.#queue.due };
  }

  /** @see Slots.acquire in layers/pace.ts */
  async acquire(
    terms: Terms,
    onQueued?: (expectedAnswer: number) => void,
    again?: Again,
    question?: string,
  ): Promise<Slot> {
    let place = again ? this.#placeAgain(terms, again) : this.#place(terms, terms.urgency);
    const refused = this.#refusal(place, terms.deadline);
    // Only who would be refused waits for an answer here: all others are in the queue before the next one is judged.
    if (refused) place = await this.#placeKept(refused, terms, again ? undefined : question);
    onQueued?.(place.expected);
    terms.signal.throwIfAborted();
    return this.#enqueue(place, terms, onQueued);
  }

  /** The place that is kept for a call that would be refused; rejects when there is none, and keeps one for next time. */
  async #placeKept(refused: RerankError, terms: Terms, question: string | undefined): Promise<Spot> {
    if (question === undefined) throw refused;
    const kept = await this.#appointments.keep(terms.client, question, this.#now());
    // Too early: what it was told still holds.
    if (typeof kept === 'number') throw this.#told(refused, kept);
    const place = this.#place(terms, FIRST);
    const late = kept === 'due' ? this.#refusal(place, terms.deadline) : refused;
    if (late === undefined) return place;
    this.#appointments.make(terms.client, question, this.#now(), late.retryAfterMs!);
    throw late;
  }

  #refusal(place: Spot, deadline: number): RerankError | undefined {
    if (place.expected > deadline) return this.#tooLong(place, deadline);
    // Who goes first has been let in before.
    if (place.wait <= 0 || place.urgency === FIRST || this.#queue.size < this.#maxQueue) return undefined;
    // By half the wait half of the queue has gone: room for as many as are refused meanwhile.
    return new RerankError('queue_full', undefined, {
      retryAfterMs: place.wait / 2,
      wait: this.#waitOf(place),
    });
  }

  #tooLong(place: Spot, deadline: number): RerankError {
    const retryAfterMs = place.expected - deadline;
    return new RerankError('wait_too_long', undefined, { retryAfterMs, wait: this.#waitOf(place) });
  }

  #told({ kind, wait }: RerankError, retryAfterMs: number): RerankError {
    return new RerankError(kind, undefined, { retryAfterMs, ...(wait && { wait }) });
  }

  /** Why a place in the queue would have to wait, as things stand. */
  #waitOf({ wait }: Spot): Wait {
    const blocks = this.#lanes.all.flatMap(({ block }) => block ?? []);
    return { predictedMs: wait, reason: blocks[0] ?? 'full' };
  }

  /** The place of a call that is made again. */
  #placeAgain(terms: Terms, again: Again): Spot {
    const place = this.#place(terms, FIRST, again);
    if (place.expected <= terms.deadline) return place;
    // Whoever has failed it may have room when the others have not.
    return this.#place(terms, FIRST, { avoid: new Set(), never: again.never });
  }

  #enqueue(
    place: Spot,
    { signal, onNewcomer }: Terms,
    onQueued?: (expectedAnswer: number) => void,
  ): Promise<Slot> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        forget();
        if (this.#queue.remove(ticket)) reject(signal.reason);
      };
      const watched = new Map(this.#lanes.all.map((server) => [server, server.watch()]));
      const ticket: Ticket = {
        ...place,
        blockAt: (server) => watched.get(server)!(),
        grant: (slot) => {
          forget();
          resolve(slot);
        },
        refuse: (error) => {
          forget();
          reject(error);
        },
      };
      // The most urgent of those who share the call places it; nobody is turned away for the wait that it had before.
      const unsubscribe = onNewcomer?.((newcomer) => {
        if (this.#lanes.for(place.again).length === 0) return;
        const { expected } = this.#place(newcomer, newcomer.urgency, place.again);
        if (this.#queue.promote(ticket, newcomer)) onQueued?.(expected);
      });
      const forget = (): void => {
        signal.removeEventListener('abort', onAbort);
        unsubscribe?.();
      };
      signal.addEventListener('abort', onAbort, { once: true });
      const { due } = this.#queue;
      this.#queue.push(ticket);
      for (const server of this.#lanes.all) {
        server.request();
        if (due === 0 && this.#queue.due > 0 && server.block) server.window.announce?.(this.line);
      }
    });
  }

  /** Throws when nobody could make the call. */
  #place({ client }: Pick<Terms, 'client'>, urgency: number, again?: Again): Spot {
    const place = { client, urgency };
    const here = this.#queue.ahead(place);
    const first = urgency === FIRST;
    const expected = first ? NOBODY : this.#appointments.expected(this.#now());
    const count = Math.round(this.#queue.ahead(place, expected)) + 1;
    const waiting = first ? 0 : this.#queue.size + 1;
    const starts = this.#lanes.starts(again, count, this.#latency.ms, waiting);
    const [start, withoutThem] = [starts[count - 1], starts[here]];
    if (start === undefined || withoutThem === undefined) throw this.#outage();
    // A place that is free now is not kept free for who may come.
    const wait = withoutThem > 0 ? start : 0;
    // A call that starts at once always goes: no later attempt could be faster.
    const answer = wait > 0 ? this.#now() + wait + this.#latency.ms : this.#now();
    return { ...place, again, wait, expected: answer };
  }

  #outage(): RerankError {
    return new RerankError('no_upstream', undefined, { retryAfterMs: this.#lanes.retryInMs });
  }

  /** A lane has gone or come back: nobody goes on waiting for nothing, and whoever waits is served where he can be. */
  #rearrange(): void {
    for (const ticket of [...this.#queue]) {
      if (this.#lanes.for(ticket.again).length > 0) continue;
      this.#queue.remove(ticket);
      ticket.refuse(this.#outage());
    }
    for (const server of this.#lanes.all) server.request();
  }

  /** Who may be served here. */
  #fits(server: LaneServer): (ticket: Ticket) => boolean {
    const newcomers = this.#lanes.for(undefined).includes(server);
    return ({ again }) => (again ? this.#lanes.for(again).includes(server) : newcomers);
  }

  #wanted(server: LaneServer): number {
    const fits = this.#fits(server);
    let wanted = 0;
    for (const ticket of this.#queue) if (fits(ticket)) wanted++;
    return wanted;
  }

  #grant(server: LaneServer, entry: WindowEntry): boolean {
    const ticket = this.#queue.shift(this.#fits(server));
    ticket?.grant(this.#slot(server, entry, ticket));
    return ticket !== undefined;
  }

  #slot(server: LaneServer, entry: WindowEntry, { again, wait, blockAt }: Ticket): Slot {
    const started = this.#now();
    const ended = server.health.begin();
    return {
      attachment: server.attachment,
      replaceable: this.#lanes.hasOther(server, again),
      wait: { predictedMs: wait, reason: blockAt(server) ?? 'none' },
      release: (outcome) => {
        entry.complete(outcome);
        // A refusal comes sooner than scores do.
        if (outcome.verdict === 'scored') this.#latency.observe(this.#now() - started);
        ended(outcome.verdict);
      },
      giveBack: () => {
        entry.cancel();
        ended('unknown');
      },
    };
  }
}
