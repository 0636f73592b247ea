/**
 * The queue of one process for one model. bottleneck holds requests for "one slot, please" and serves them one at a
 * time per attachment; which waiting call gets a slot is decided when it is granted, out of a fair queue that an
 * aborted call has long left. Several attachments draw on the same queue, so a call goes where a slot is free first.
 */

import type { Again } from '../calls/attempt.ts';
import type { Terms } from '../calls/call.ts';
import type { Caller } from '../upstream/suspects.ts';
import { LaneServer } from './lanes/lane-server.ts';
import { type Lane, Lanes } from './lanes/lanes.ts';
import { AdmissionControl, type Spot } from './queue/admission-control.ts';
import { type AppointmentStore, Appointments } from './queue/appointments.ts';
import { Arrivals } from './queue/arrivals.ts';
import { FairQueue, type Place } from './queue/fair-queue.ts';
import { Latency } from './queue/latency.ts';
import { Outlook } from './queue/outlook.ts';
import { Reappraisal } from './queue/reappraisal.ts';
import { outage } from './queue/refusals.ts';
import { waitingLine } from './queue/waiting-line.ts';
import { createSlot, type Slot } from './slot.ts';
import { type Asked, createTicket, type Ticket } from './ticket.ts';
import type { Grant, Line } from './window/window.ts';

export type { Lane } from './lanes/lanes.ts';
export type { Slot } from './slot.ts';

/**
 * Share of the limit that a service may be served ahead of its turn. While one service takes a whole burst, another
 * that asks now and then gets nothing of it; of the places that come one by one afterwards, half would be less than it
 * asks for, and its calls would pile up.
 */
export const CREDIT_SHARE = 0.1;

export interface PacerOptions {
  readonly lanes: readonly Lane[];
  /** Calls that may wait; more are refused. */
  readonly maxQueue: number;
  /** Length of the windows, milliseconds. */
  readonly windowMs: number;
  readonly weightOf?: (client: string) => number;
  /** @see FairQueue. */
  readonly credit?: number;
  /** Where other processes find the appointments that this one makes; undefined: there are no others. */
  readonly appointments?: AppointmentStore | undefined;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
}

const monotonic = (): number => performance.now();

export class Pacer {
  readonly #queue: FairQueue<Ticket>;
  readonly #lanes: Lanes<LaneServer>;
  readonly #weightOf: (client: string) => number;
  readonly #appointments: Appointments;
  readonly #arrivals: Arrivals;
  readonly #admission: AdmissionControl;
  readonly #latency = new Latency();
  readonly #outlook: Outlook<Ticket>;
  readonly #reappraisal: Reappraisal<Ticket>;
  readonly #now: () => number;

  constructor(options: PacerOptions) {
    const {
      lanes,
      maxQueue,
      windowMs,
      credit = 0,
      weightOf = () => 1,
      appointments,
      now = monotonic,
    } = options;
    this.#weightOf = weightOf;
    this.#queue = new FairQueue(weightOf, credit);
    this.#lanes = new Lanes(
      lanes.map(
        (lane) =>
          new LaneServer(lane, (server) => ({
            wanted: (most) => this.#wanted(server, most),
            line: () => this.#line(server),
            hear: (turns) => this.#queue.adopt(turns),
            vacant: () => server.nudge(),
            serve: (grant) => this.#serve(server, grant),
          })),
      ),
    );
    this.#appointments = new Appointments({
      most: maxQueue,
      store: appointments,
      madeElsewhere: (name) =>
        this.#lanes.all.some(({ window }) =>
          window.elsewhere?.().some(({ client, coming }) => client === name && coming.length > 0),
        ),
    });
    const periodMs = (): number => windowMs + this.#latency.ms;
    this.#arrivals = new Arrivals(periodMs);
    this.#outlook = new Outlook({
      lanes: this.#lanes,
      queue: this.#queue,
      coming: this.#appointments,
      arrivals: this.#arrivals,
      periodMs,
      latency: this.#latency,
      now,
    });
    this.#admission = new AdmissionControl({
      lanes: this.#lanes,
      outlook: this.#outlook,
      appointments: this.#appointments,
      arrivals: this.#arrivals,
      isFull: () => this.#queue.size >= maxQueue,
      now,
    });
    this.#now = now;
    this.#reappraisal = new Reappraisal({
      waiting: this.#queue,
      judge: (ticket) => this.#reappraise(ticket),
    });
    for (const { health } of lanes) health.listen(() => this.#rearrange());
  }

  get waiting(): number {
    return this.#queue.size;
  }

  /** @see Slots.acquire in column/pace.ts */
  acquire(
    terms: Terms,
    onQueued?: (expectedAnswer: number) => void,
    again?: Again,
    question?: string,
    contentOf?: () => string,
  ): Promise<Slot> {
    const content = contentOf?.();
    return this.#admission.admit(terms, again, again ? undefined : question, (spot) => {
      this.#refuseInVain(again, { client: terms.client, content });
      onQueued?.(spot.answerAt);
      terms.signal.throwIfAborted();
      return this.#enqueue({ terms, question, content, onQueued }, spot);
    });
  }

  /** Throws when nobody may be asked this by this client now. */
  #refuseInVain(again: Again | undefined, caller: Caller): void {
    if (this.#lanes.for(again, caller).length === 0) throw outage(this.#lanes.retryInMs(caller));
    const barredMs = this.#lanes.barredMs(again, caller);
    if (barredMs > 0) throw outage(barredMs);
  }

  #enqueue(asked: Asked, spot: Spot): Promise<Slot> {
    const { ticket, slot } = createTicket({
      asked,
      spot,
      servers: this.#lanes.all,
      now: this.#now(),
      onAbort: (ticket) => this.#queue.remove(ticket),
      onNewcomer: (ticket, newcomer) => this.#promote(ticket, newcomer),
    });
    this.#queue.push(ticket);
    this.#request(ticket);
    this.#reappraisal.begin();
    return slot;
  }

  /** The most urgent of those who share a call places it; for the wait that it had before, none of them is turned away. */
  #promote(ticket: Ticket, newcomer: Place): void {
    if (this.#lanes.for(ticket.again, newcomer).length === 0) return;
    const { answerAt } = this.#admission.spotOf(newcomer, ticket.again);
    if (!this.#queue.promote(ticket, newcomer)) return;
    ticket.expectAnew(answerAt);
    this.#request(ticket);
  }

  /** Whoever can't be served in time any more is told so at once, instead of waiting for what it will not get. */
  #reappraise(ticket: Ticket): void {
    const { terms, again, since, question } = ticket;
    const soonest = this.#outlook.soonest(ticket, again);
    // It waits no longer.
    if (soonest === undefined) return;
    if (soonest <= terms.deadline) {
      // Some of those who share the call may have an earlier deadline of their own.
      ticket.expect(soonest);
      return;
    }
    if (!this.#queue.remove(ticket)) return;
    ticket.refuse(this.#admission.late(ticket, { deadline: terms.deadline, since, question }));
  }

  /** A call waits in a place that it did not have before. */
  #request(ticket: Ticket): void {
    for (const server of this.#lanes.inTurn()) {
      server.request();
      if (this.#queue.first(this.#lanes.servedBy(server)) === ticket) server.nudge();
    }
  }

  /** A lane has gone or come back: whom no lane may serve now is refused, and the others are served where they can be. */
  #rearrange(): void {
    for (const ticket of [...this.#queue]) {
      if (this.#lanes.for(ticket.again, ticket).length > 0) continue;
      this.#queue.remove(ticket);
      ticket.refuse(outage(this.#lanes.retryInMs(ticket)));
    }
    for (const server of this.#lanes.all) server.request();
  }

  #wanted(server: LaneServer, most: number): number {
    const fits = this.#lanes.servedBy(server);
    let wanted = 0;
    for (const ticket of this.#queue) {
      if (wanted >= most) break;
      if (fits(ticket)) wanted++;
    }
    return wanted;
  }

  #line(server: LaneServer): Line {
    return waitingLine(
      {
        queue: this.#queue,
        arriving: this.#admission.arriving,
        appointments: this.#appointments,
        arrivals: this.#arrivals,
        weightOf: this.#weightOf,
      },
      this.#lanes.servedBy(server),
      this.#now(),
    );
  }

  #serve(server: LaneServer, { entry, client }: Grant): boolean {
    const fits = this.#lanes.servedBy(server);
    // The client whose turn it is may have nothing left that waits.
    const ticket = this.#queue.shift(fits, client) ?? this.#queue.shift(fits);
    if (ticket === undefined) return false;
    this.#lanes.served(server);
    const replaceable = this.#lanes.hasOther(server, ticket.again, ticket);
    const [latency, now] = [this.#latency, this.#now];
    ticket.grant(createSlot({ server, ticket, entry, replaceable, latency, now }));
    return true;
  }
}
