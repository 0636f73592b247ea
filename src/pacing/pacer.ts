/**
 * The queue of one process for one model. bottleneck holds requests for "one permit, please" and serves them one at a
 * time per attachment; which waiting call gets a permit is decided when it is granted, out of a fair queue that an
 * aborted call has long left. Several attachments draw on the same queue, so a call goes where a permit is free first.
 */

import type { Again } from '../calls/attempt.ts';
import type { Terms } from '../calls/call.ts';
import type { Asked, Permit, Permits } from '../calls/permit.ts';
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
import { Rounds } from './rounds.ts';
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
  /** @see FairQueueOptions */
  readonly credit?: number;
  readonly sizeOf?: ((tokens: number) => number) | undefined;
  /** How processes hear of one another's reservations; undefined: there are no others. */
  readonly channel?: ReservationChannel | undefined;
}

/** Of a call whose caller says nothing (RFC 9218). */
const DEFAULT_URGENCY = 3;

/** Weight of a new call in what is typical: some ten calls make up most of it. */
const TYPICAL_WEIGHT = 0.1;

export class Pacer implements Permits {
  readonly #queue: FairQueue<Ticket>;
  readonly #lanes: Lanes<LaneServer>;
  readonly #weightOf: (client: string) => number;
  readonly #rates: ArrivalRates;
  readonly #predictor: WaitPredictor<Ticket>;
  readonly #admission: Admission<Ticket>;
  readonly #latency = new Latency();
  readonly #mostTokens: number;
  /** What a call costs, on average of late. */
  #typicalTokens = 0;
  readonly #turns = new Turns();
  readonly #rounds: Rounds<Ticket>;

  constructor({ lanes, maxQueue, windowMs, credit, sizeOf, weightOf = () => 1, channel }: PacerOptions) {
    this.#weightOf = weightOf;
    const queue = new FairQueue<Ticket>({ weightOf, credit, sizeOf });
    this.#queue = queue;
    this.#lanes = new Lanes(
      lanes.map(
        (lane) =>
          new LaneServer(lane, (server) => ({
            wanted: (most) => queue.count(this.#lanes.servedBy(server), most),
            due: () => queue.first(this.#lanes.servedBy(server))?.asks ?? 0,
            line: () => this.#line(server),
            adopt: (turns) => queue.adopt(turns),
            wake: () => server.nudge(),
            serve: (grant) => this.#serve(server, grant),
          })),
      ),
    );
    const reservations = new Reservations({ most: maxQueue, channel });
    const [latency, onLanes] = [this.#latency, this.#lanes];
    this.#rates = new ArrivalRates(() => windowMs + latency.ms);
    this.#mostTokens = Math.max(0, ...lanes.map(({ window }) => window.rules.tokenLimit ?? 0));
    const typicalTokens = (): number => this.#typicalTokens;
    const rates = this.#rates;
    this.#predictor = new WaitPredictor({
      lanes: onLanes,
      queue,
      reservations,
      rates,
      latency,
      typicalTokens,
    });
    this.#admission = new Admission({
      lanes: onLanes,
      predictor: this.#predictor,
      reservations,
      isFull: () => queue.size >= maxQueue,
    });
    this.#rounds = new Rounds(
      () => queue,
      (ticket) => this.#look(ticket),
    );
    for (const { health } of lanes) health.listen(() => this.#rearrange());
  }

  get waiting(): number {
    return this.#queue.size;
  }

  /** Milliseconds that a call of a client, a typical one, would wait if it came now; undefined when nobody could make it. */
  expectedMs(client: string): number | undefined {
    const tokens = this.#typicalTokens;
    return this.#predictor.of({ client, urgency: DEFAULT_URGENCY, tokens }, undefined)?.waitMs;
  }

  /** Calls that wait, by client. */
  waitingBy(): Map<string, number> {
    return new Map([...this.#queue.clients()].map(([client, tickets]) => [client, tickets.length]));
  }

  /** @see Permits.acquire */
  async acquire(terms: Terms, asked: Asked = {}): Promise<Permit> {
    const { again, question, onQueued } = asked;
    const content = asked.content?.();
    // All in one step, so that the next call is judged behind this one.
    const spot = this.#admission.spot(terms, again, question, asked.tokens?.likely());
    this.#rates.note(terms.client, performance.now());
    this.#refuseInVain(again, { client: terms.client, content });
    onQueued?.(spot.answerAt);
    terms.signal.throwIfAborted();
    const mostTokens = this.#mostTokens;
    const brought = { ...asked, question: again ? undefined : question, terms, content, mostTokens };
    const ticket = new Ticket(brought, spot, {
      onAbort: (ticket) => this.#queue.remove(ticket),
      onNewcomer: (ticket, newcomer) => this.#promote(ticket, newcomer),
    });
    this.#queue.push(ticket);
    this.#request(ticket);
    this.#rounds.begin();
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
    const expectation = this.#predictor.of({ ...newcomer, tokens: ticket.tokens }, ticket.again);
    if (expectation === undefined || !this.#queue.promote(ticket, newcomer)) return;
    ticket.expectAnew(expectation.answerAt);
    this.#request(ticket);
  }

  /**
   * Whoever can't be served in time any more is told so at once, instead of waiting for what it will not get. What was predicted
   * when it came may not come true: others came whose turn is sooner, the upstream wants to be left alone, Redis is lost.
   */
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

  #serve(server: LaneServer, { entry, tokens, client }: Grant): boolean {
    const fits = this.#lanes.servedBy(server);
    // The client whose turn it is may have nothing left that waits.
    const turn = client !== undefined && this.#queue.first(fits, client) ? client : undefined;
    const due = this.#queue.first(fits, turn);
    if (due && due.cost > tokens) {
      due.outgrow();
      return false;
    }
    const ticket = this.#queue.shift(fits, turn);
    if (ticket === undefined) return false;
    this.#typicalTokens += TYPICAL_WEIGHT * (ticket.tokens - this.#typicalTokens);
    this.#lanes.served(server);
    const replaceable = this.#lanes.hasOther(server, ticket.again, ticket);
    ticket.grant({ server, entry, tokens, replaceable, latency: this.#latency });
    return true;
  }
}
