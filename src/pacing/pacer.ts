/**
 * The queue of one process for one model. bottleneck holds requests for "one permit, please" and serves them one at a
 * time per attachment; which waiting call gets a permit is decided when it is granted, out of a fair queue that an
 * aborted call has long left. Several attachments draw on the same queue, so a call goes where a permit is free first.
 */

import type { Place, Terms } from '../calls/call.ts';
import type { RerankError } from '../calls/errors.ts';
import type { Asked, Permit, Permits } from '../calls/permit.ts';
import { Turns } from '../calls/turns.ts';
import { choose, outageOf } from '../upstream/choice.ts';
import { type Lane, LaneServer, type Traffic } from './lane-server.ts';
import { admit, tooLate } from './queue/admission.ts';
import { expectationOf, soonestAnswer } from './queue/expectation.ts';
import { FairQueue, type FairQueueOptions } from './queue/fair-queue.ts';
import { RecentCalls } from './queue/recent-calls.ts';
import { type ReservationChannel, Reservations } from './queue/reservations.ts';
import { FIRST, Ticket } from './ticket.ts';

/**
 * Share of the limit that a service may be served ahead of its turn. While one service takes a whole burst, another
 * that asks now and then gets nothing of it; of the places that come one by one afterwards, half would be less than it
 * asks for, and its calls would pile up.
 */
export const CREDIT_SHARE = 0.1;

export interface PacerOptions extends FairQueueOptions {
  readonly lanes: readonly Lane[];
  /** Calls that may wait; more are refused. */
  readonly maxQueue: number;
  /** Length of the windows, milliseconds. */
  readonly windowMs: number;
  /** How processes hear of one another's reservations; undefined: there are no others. */
  readonly channel?: ReservationChannel | undefined;
}

/** Of a call whose caller says nothing (RFC 9218). */
const DEFAULT_URGENCY = 3;

/** How often it is looked whether those who wait can still be served in time, milliseconds, and at how many each time. */
const LOOK_EVERY_MS = 250;
const LOOK_AT = 64;

export class Pacer implements Permits {
  readonly #traffic: Traffic;
  /** The most tokens that a call can cost: all that a window has. */
  readonly #mostTokens: number;
  readonly #turns = new Turns();
  #looking: NodeJS.Timeout | undefined;
  /** Those still to be looked at in this round; some may wait no longer. */
  #round: Ticket[] = [];

  constructor({ lanes, maxQueue, windowMs, channel, ...options }: PacerOptions) {
    const traffic: Traffic = {
      queue: new FairQueue(options),
      recent: new RecentCalls(windowMs),
      reservations: new Reservations({ most: maxQueue, channel }),
      lanes: [],
      maxQueue,
    };
    for (const lane of lanes) {
      traffic.lanes.push(new LaneServer(lane, traffic));
      lane.health.listen(() => this.#rearrange());
    }
    this.#traffic = traffic;
    this.#mostTokens = Math.max(0, ...lanes.map(({ window }) => window.rules.tokenLimit ?? 0));
  }

  get waiting(): number {
    return this.#traffic.queue.size;
  }

  /** Milliseconds that a call of a client, a typical one, would wait if it came now; undefined when nobody could make it. */
  expectedMs(client: string): number | undefined {
    return expectationOf(this.#traffic, {
      client,
      urgency: DEFAULT_URGENCY,
      tokens: this.#traffic.recent.tokens,
    })?.waitMs;
  }

  /** Calls that wait, by client. */
  waitingBy(): Map<string, number> {
    return new Map(
      [...this.#traffic.queue.clients()].map((client) => [client, this.#traffic.queue.of(client).length]),
    );
  }

  /** @see Permits.acquire */
  async acquire(terms: Terms, asked: Asked = {}): Promise<Permit> {
    const ticket = new Ticket(terms, asked, this.#mostTokens);
    // All in one step, so that the next call is judged behind this one.
    const expectation = admit(this.#traffic, ticket);
    this.#traffic.recent.came(ticket.client, ticket.since);
    const permit = ticket.wait(
      expectation,
      () => this.#refuse(ticket, terms.signal.reason),
      (newcomer) => this.#promote(ticket, newcomer),
    );
    this.#traffic.queue.push(ticket);
    this.#request(ticket);
    this.#lookAgain();
    // Who goes first has been promised so, whatever others do.
    if (expectation.close && ticket.urgency !== FIRST) void this.#confirm(ticket);
    return permit;
  }

  /** A call waits in a place that it did not have before. */
  #request(ticket: Ticket): void {
    for (const lane of this.#traffic.lanes) lane.request(ticket);
  }

  /**
   * Others have been told of a call that may have to wait, and theirs been heard of: of two that come to two processes at
   * the same moment, one knows of the other.
   */
  async #confirm(ticket: Ticket): Promise<void> {
    const refreshes = choose(this.#traffic.lanes, ticket).flatMap(({ window }) => window.refresh() ?? []);
    if (refreshes.length === 0) return;
    await Promise.all(refreshes);
    // All who have come meanwhile hear at the same moment.
    await this.#turns.short();
    const expectation = ticket.waits && expectationOf(this.#traffic, ticket);
    if (!expectation) return;
    if (expectation.answerAt > ticket.deadline) this.#refuseLate(ticket);
    else ticket.expect(expectation);
  }

  /** The most urgent of those who share a call places it; for the wait that it had before, none of them is turned away. */
  #promote(ticket: Ticket, newcomer: Place): void {
    if (!this.#traffic.queue.promote(ticket, newcomer)) return;
    const expectation = expectationOf(this.#traffic, ticket);
    if (expectation !== undefined) ticket.expect(expectation);
    this.#request(ticket);
  }

  /** Looks again and again at those who wait, so many in turn, however many wait, until nobody does. */
  #lookAgain(): void {
    this.#looking ??= setTimeout(() => {
      this.#looking = undefined;
      if (this.#round.length === 0) this.#round = [...this.#traffic.queue];
      if (this.#round.length === 0) return;
      this.#lookAgain();
      for (const ticket of this.#round.splice(0, LOOK_AT)) this.#look(ticket);
    }, LOOK_EVERY_MS).unref();
  }

  /**
   * Whoever can't be served in time any more is told so at once, instead of waiting for what it will not get. What was predicted
   * when it came may not come true: others came whose turn is sooner, the upstream wants to be left alone, Redis is lost.
   */
  #look(ticket: Ticket): void {
    const soonest = ticket.waits ? soonestAnswer(this.#traffic, ticket) : undefined;
    if (soonest === undefined) return;
    if (soonest > ticket.deadline) this.#refuseLate(ticket);
    // Some of those who share the call may have an earlier deadline of their own.
    else ticket.expectLater(soonest);
  }

  /** A lane has gone or come back: whom no lane may serve now is refused, and the others are served where they can be. */
  #rearrange(): void {
    const { queue, lanes } = this.#traffic;
    for (const ticket of [...queue]) {
      if (choose(lanes, ticket).length === 0) this.#refuse(ticket, outageOf(lanes, ticket)!);
    }
    for (const lane of lanes) lane.request();
  }

  #refuseLate(ticket: Ticket): void {
    this.#traffic.queue.remove(ticket);
    ticket.refuse(tooLate(this.#traffic, ticket));
  }

  #refuse(ticket: Ticket, reason: RerankError): void {
    this.#traffic.queue.remove(ticket);
    ticket.refuse(reason);
  }
}
