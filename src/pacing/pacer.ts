/**
 * The queue of one process for one model. bottleneck holds requests for "one permit, please" and serves them one at a
 * time per attachment; which waiting call gets a permit is decided when it is granted, out of a fair queue that an
 * aborted call has long left. Several attachments draw on the same queue, so a call goes where a permit is free first.
 */

import type { Again } from '../calls/attempt.ts';
import type { Terms } from '../calls/call.ts';
import type { Permit, Permits } from '../calls/permit.ts';
import { Turns } from '../calls/turns.ts';
import type { Caller } from '../upstream/suspects.ts';
import { LaneServer } from './lanes/lane-server.ts';
import { type Lane, Lanes } from './lanes/lanes.ts';
import { Admission, outage } from './queue/admission.ts';
import { ArrivalRates } from './queue/arrival-rates.ts';
import { FairQueue, type Place } from './queue/fair-queue.ts';
import { Latency } from './queue/latency.ts';
import { type ReservationChannel, Reservations } from './queue/reservations.ts';
import { WaitPredictor } from './queue/wait-predictor.ts';
import { Ticket } from './ticket.ts';
import { lineOf } from './window/line.ts';
import type { Grant, Line } from './window/window.ts';

export type { Lane } from './lanes/lanes.ts';

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
  /** How processes hear of one another's reservations; undefined: there are no others. */
  readonly channel?: ReservationChannel | undefined;
}

/** Of a call whose caller says nothing (RFC 9218). */
const DEFAULT_URGENCY = 3;

/** How often those who wait are looked at again, milliseconds, and how many each time. */
const LOOK_MS = 250;
const AT_ONCE = 64;

export class Pacer implements Permits {
  readonly #queue: FairQueue<Ticket>;
  readonly #lanes: Lanes<LaneServer>;
  readonly #weightOf: (client: string) => number;
  readonly #rates: ArrivalRates;
  readonly #predictor: WaitPredictor<Ticket>;
  readonly #admission: Admission<Ticket>;
  readonly #latency = new Latency();
  readonly #turns = new Turns();
  #timer: NodeJS.Timeout | undefined;
  /** Those still to be looked at in this round; some may wait no longer. */
  #round: Ticket[] = [];

  constructor({ lanes, maxQueue, windowMs, credit = 0, weightOf = () => 1, channel }: PacerOptions) {
    this.#weightOf = weightOf;
    const queue = new FairQueue<Ticket>(weightOf, credit);
    this.#queue = queue;
    this.#lanes = new Lanes(
      lanes.map(
        (lane) =>
          new LaneServer(lane, (server) => ({
            wanted: (most) => this.#wanted(server, most),
            line: () => this.#line(server),
            hear: (turns) => queue.adopt(turns),
            vacant: () => server.nudge(),
            serve: (grant) => this.#serve(server, grant),
          })),
      ),
    );
    const reservations = new Reservations({ most: maxQueue, channel });
    const [latency, onLanes] = [this.#latency, this.#lanes];
    this.#rates = new ArrivalRates(() => windowMs + latency.ms);
    this.#predictor = new WaitPredictor({ lanes: onLanes, queue, reservations, rates: this.#rates, latency });
    this.#admission = new Admission({
      lanes: onLanes,
      predictor: this.#predictor,
      reservations,
      isFull: () => queue.size >= maxQueue,
    });
    for (const { health } of lanes) health.listen(() => this.#rearrange());
  }

  get waiting(): number {
    return this.#queue.size;
  }

  /** Milliseconds that a call of a client would wait if it came now; undefined when nobody could make it. */
  expectedMs(client: string): number | undefined {
    return this.#predictor.of({ client, urgency: DEFAULT_URGENCY }, undefined)?.waitMs;
  }

  /** Calls that wait, by client. */
  waitingBy(): Map<string, number> {
    return new Map([...this.#queue.clients()].map(([client, tickets]) => [client, tickets.length]));
  }

  /** @see Permits.acquire */
  async acquire(
    terms: Terms,
    onQueued?: (expectedAnswer: number) => void,
    again?: Again,
    question?: string,
    contentOf?: () => string,
  ): Promise<Permit> {
    const content = contentOf?.();
    // All in one step, so that the next call is judged behind this one.
    const spot = this.#admission.spot(terms, again, question);
    this.#rates.note(terms.client, performance.now());
    this.#refuseInVain(again, { client: terms.client, content });
    onQueued?.(spot.answerAt);
    terms.signal.throwIfAborted();
    const ticket = new Ticket({ terms, question: again ? undefined : question, content, onQueued }, spot, {
      onAbort: (ticket) => this.#queue.remove(ticket),
      onNewcomer: (ticket, newcomer) => this.#promote(ticket, newcomer),
    });
    this.#queue.push(ticket);
    this.#request(ticket);
    this.#lookLater();
    // Who goes first has been promised so, whatever others do.
    const refreshed = spot.close && spot.urgency >= 0 && this.#lanes.refresh(again, ticket);
    if (refreshed) void refreshed.then(() => this.#confirm(ticket));
    return ticket.permit;
  }

  /** Throws when nobody may be asked this by this client now. */
  #refuseInVain(again: Again | undefined, caller: Caller): void {
    if (this.#lanes.for(again, caller).length === 0) throw outage(this.#lanes.retryInMs(caller));
    const barredMs = this.#lanes.barredMs(again, caller);
    if (barredMs > 0) throw outage(barredMs);
  }

  /**
   * Others have been told of a call that may have to wait, and theirs been heard of: of two that come to two processes at
   * the same moment, one knows of the other.
   */
  async #confirm(ticket: Ticket): Promise<void> {
    // All who have come meanwhile hear at the same moment.
    await this.#turns.short();
    if (!this.#queue.has(ticket)) return;
    const expectation = this.#predictor.of(ticket, ticket.again);
    if (expectation === undefined) return;
    if (expectation.answerAt > ticket.terms.deadline) this.#refuseLate(ticket);
    else {
      ticket.waitMs = performance.now() - ticket.since + expectation.waitMs;
      ticket.expectAnew(expectation.answerAt);
    }
  }

  #refuseLate(ticket: Ticket): void {
    this.#queue.remove(ticket);
    ticket.refuse(this.#admission.late(ticket));
  }

  /** The most urgent of those who share a call places it; for the wait that it had before, none of them is turned away. */
  #promote(ticket: Ticket, newcomer: Place): void {
    const expectation = this.#predictor.of(newcomer, ticket.again);
    if (expectation === undefined || !this.#queue.promote(ticket, newcomer)) return;
    ticket.expectAnew(expectation.answerAt);
    this.#request(ticket);
  }

  /**
   * Looks again at those who wait, so many in turn, however many wait, until nobody does. What was predicted when they came
   * may not come true: others came whose turn is sooner, the upstream wants to be left alone, Redis is lost.
   */
  #lookLater(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#round.length === 0) this.#round = [...this.#queue].reverse();
      if (this.#round.length === 0) return;
      this.#lookLater();
      for (const ticket of this.#round.splice(-AT_ONCE).reverse()) this.#look(ticket);
    }, LOOK_MS).unref();
  }

  /** Whoever can't be served in time any more is told so at once, instead of waiting for what it will not get. */
  #look(ticket: Ticket): void {
    if (!this.#queue.has(ticket)) return;
    const soonest = this.#predictor.soonest(ticket, ticket.again);
    if (soonest === undefined) return;
    if (soonest > ticket.terms.deadline) this.#refuseLate(ticket);
    // Some of those who share the call may have an earlier deadline of their own.
    else ticket.expect(soonest);
  }

  /** A call waits in a place that it did not have before. */
  #request(ticket: Ticket): void {
    for (const server of this.#lanes.inTurn()) {
      if (this.#queue.first(this.#lanes.servedBy(server)) === ticket) server.nudge();
      server.request();
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

  /** What the other processes are told that a lane has to serve in this one. */
  #line(server: LaneServer): Line {
    const fits = this.#lanes.servedBy(server);
    const now = performance.now();
    const waiting = new Map<string, readonly Ticket[]>();
    for (const client of this.#rates.clients(now)) waiting.set(client, []);
    for (const [client, tickets] of this.#queue.clients()) waiting.set(client, tickets.filter(fits));
    const arrived = (client: string): number => this.#rates.within(client, this.#rates.periodMs, now);
    return lineOf({ waiting, arrived, weightOf: this.#weightOf }, now);
  }

  #serve(server: LaneServer, { entry, client }: Grant): boolean {
    const fits = this.#lanes.servedBy(server);
    // The client whose turn it is may have nothing left that waits.
    const ticket = this.#queue.shift(fits, client) ?? this.#queue.shift(fits);
    if (ticket === undefined) return false;
    this.#lanes.served(server);
    const replaceable = this.#lanes.hasOther(server, ticket.again, ticket);
    ticket.grant({ server, entry, replaceable, latency: this.#latency });
    return true;
  }
}
