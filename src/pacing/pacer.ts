/**
 * The queue of one process for one model. bottleneck holds requests for "one slot, please" and serves them one at a
 * time per attachment; which waiting call gets a slot is decided when it is granted, out of a fair queue that an
 * aborted call has long left. Several attachments draw on the same queue, so a call goes where a slot is free first.
 */

import type { Again, Verdict, Wait } from '../rerank/attempt.ts';
import type { RerankError } from '../rerank/errors.ts';
import type { Terms } from '../rerank/scoring.ts';
import { LaneServer } from './lanes/lane-server.ts';
import { type Lane, Lanes } from './lanes/lanes.ts';
import type { Caller } from './lanes/suspects.ts';
import { AdmissionControl, type Spot } from './queue/admission-control.ts';
import { type AppointmentStore, Appointments } from './queue/appointments.ts';
import { Arrivals } from './queue/arrivals.ts';
import { FairQueue, type Place, type Queued } from './queue/fair-queue.ts';
import { Latency } from './queue/latency.ts';
import { Outlook } from './queue/outlook.ts';
import { Reappraisal } from './queue/reappraisal.ts';
import { outage } from './queue/refusals.ts';
import { lineOf } from './window/line.ts';
import type { Block, CallOutcome, Coming, Grant, Line, WindowEntry } from './window/window.ts';

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

interface Ticket extends Omit<Spot, keyof Place>, Queued, Pick<Caller, 'content'> {
  /** When it began to wait. */
  readonly since: number;
  readonly terms: Terms;
  readonly question: string | undefined;
  /** Tells who waits for it that the answer comes later than they were told. */
  readonly expect: (answerAt: number) => void;
  readonly blockAt: (server: LaneServer) => Block | undefined;
  readonly grant: (slot: Slot) => void;
  readonly refuse: (error: RerankError) => void;
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

  /** @see Slots.acquire in layers/pace.ts */
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
      return this.#enqueue({ ...spot, content }, terms, onQueued, question);
    });
  }

  /** Throws when nobody may be asked this by this client now. */
  #refuseInVain(again: Again | undefined, caller: Caller): void {
    if (this.#lanes.for(again, caller).length === 0) throw outage(this.#lanes.retryInMs(caller));
    const barredMs = this.#lanes.barredMs(again, caller);
    if (barredMs > 0) throw outage(barredMs);
  }

  #enqueue(
    spot: Spot & Pick<Caller, 'content'>,
    terms: Terms,
    onQueued: ((expectedAnswer: number) => void) | undefined,
    question: string | undefined,
  ): Promise<Slot> {
    const { signal, onNewcomer } = terms;
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        forget();
        if (this.#queue.remove(ticket)) reject(signal.reason);
      };
      let told = spot.answerAt;
      const watched = new Map(this.#lanes.all.map((server) => [server, server.watch()]));
      const ticket: Ticket = {
        ...spot,
        terms,
        question,
        since: this.#now(),
        expect: (answerAt) => {
          if (answerAt <= told) return;
          told = answerAt;
          onQueued?.(answerAt);
        },
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
        if (this.#lanes.for(spot.again, newcomer).length === 0) return;
        const { answerAt } = this.#admission.spotOf(newcomer, spot.again);
        if (!this.#queue.promote(ticket, newcomer)) return;
        told = answerAt;
        onQueued?.(answerAt);
        this.#request(ticket);
      });
      const forget = (): void => {
        signal.removeEventListener('abort', onAbort);
        unsubscribe?.();
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#queue.push(ticket);
      this.#request(ticket);
      this.#reappraisal.begin();
    });
  }

  /** Whoever can be served in time no longer goes at once, instead of waiting for what it will not get. */
  #reappraise(ticket: Ticket): void {
    const { terms, again } = ticket;
    const soonest = this.#outlook.soonest(ticket, again);
    // It waits no longer.
    if (soonest === undefined) return;
    if (soonest <= terms.deadline) {
      // Too late perhaps for some of those who share the call.
      ticket.expect(soonest);
      return;
    }
    if (!this.#queue.remove(ticket)) return;
    const { since, question } = ticket;
    ticket.refuse(this.#admission.late(ticket, { deadline: terms.deadline, since, question }));
  }

  /** A call waits in a place that it did not have before. */
  #request(ticket: Ticket): void {
    for (const server of this.#lanes.inTurn()) {
      server.request();
      if (this.#queue.first(this.#fits(server)) === ticket) server.nudge();
    }
  }

  /** A lane has gone or come back: nobody goes on waiting for nothing, and whoever waits is served where he can be. */
  #rearrange(): void {
    for (const ticket of [...this.#queue]) {
      if (this.#lanes.for(ticket.again, ticket).length > 0) continue;
      this.#queue.remove(ticket);
      ticket.refuse(outage(this.#lanes.retryInMs(ticket)));
    }
    for (const server of this.#lanes.all) server.request();
  }

  /** Who may be served here. */
  #fits(server: LaneServer): (ticket: Ticket) => boolean {
    // While all is well, as it is nearly always, one look does for all newcomers.
    const { good } = this.#lanes;
    const newcomers = good && this.#lanes.for(undefined).includes(server);
    return (ticket) =>
      good && !ticket.again ? newcomers : this.#lanes.for(ticket.again, ticket).includes(server);
  }

  #wanted(server: LaneServer, most: number): number {
    const fits = this.#fits(server);
    let wanted = 0;
    for (const ticket of this.#queue) {
      if (wanted >= most) break;
      if (fits(ticket)) wanted++;
    }
    return wanted;
  }

  /** What waits here for a lane, and who has been told to come back. */
  #line(server: LaneServer): Line {
    const fits = this.#fits(server);
    const waiting = new Map<string, Pick<Ticket, 'urgency' | 'since'>[]>();
    for (const [client, tickets] of this.#queue.clients()) waiting.set(client, tickets.filter(fits));
    for (const arrival of this.#admission.arriving) {
      waiting.set(arrival.client, [...(waiting.get(arrival.client) ?? []), arrival]);
    }
    const now = this.#now();
    const others = [...this.#appointments.clients(now), ...this.#arrivals.clients(now)];
    const coming = (client: string): Coming[] => this.#appointments.expected(client, now);
    const arrived = (client: string): number => this.#arrivals.perPeriod(client, now);
    return lineOf({ waiting, others, coming, arrived, weightOf: this.#weightOf }, now);
  }

  #serve(server: LaneServer, { entry, client }: Grant): boolean {
    const fits = this.#fits(server);
    // Whose turn it is may have left meanwhile.
    const ticket = this.#queue.shift(fits, client) ?? this.#queue.shift(fits);
    ticket?.grant(this.#slot(server, entry, ticket));
    return ticket !== undefined;
  }

  #slot(server: LaneServer, entry: WindowEntry, ticket: Ticket): Slot {
    const { again, waitMs, blockAt } = ticket;
    const started = this.#now();
    const ended = server.health.begin({ client: ticket.client, content: ticket.content });
    return {
      attachment: server.attachment,
      replaceable: this.#lanes.hasOther(server, again, ticket),
      wait: { predictedMs: waitMs, reason: blockAt(server) ?? 'none' },
      release: (outcome) => {
        entry.complete(outcome);
        // A refusal comes sooner than scores do.
        if (outcome.verdict === 'scored') this.#latency.observe(this.#now() - started);
        ended(outcome.verdict);
      },
      giveBack: () => {
        entry.cancel();
        ended('unknown');
        // Whoever waits was told of a later place than this one.
        server.nudge();
      },
    };
  }
}
