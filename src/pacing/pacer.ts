/**
 * The queue of one process for one model. bottleneck holds requests for "one slot, please" and serves them one at a
 * time per attachment; which waiting call gets a slot is decided when it is granted, out of a fair queue that an
 * aborted call has long left. Several attachments draw on the same queue, so a call goes where a slot is free first.
 */

import type { Again, Verdict } from '../rerank/attempt.ts';
import { RerankError } from '../rerank/errors.ts';
import type { Terms } from '../rerank/scoring.ts';
import { FairQueue } from './fair-queue.ts';
import { LaneServer } from './lane-server.ts';
import { type Lane, Lanes } from './lanes.ts';
import { Latency } from './latency.ts';
import type { CallOutcome, WindowEntry } from './window.ts';

export type { Lane } from './lanes.ts';

export interface PacerOptions {
  readonly lanes: readonly Lane[];
  /** Calls that may wait; more are refused. */
  readonly maxQueue: number;
  readonly weightOf?: (client: string) => number;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
}

export interface Slot {
  readonly attachment: string;
  /** There is another attachment that the call could go to. */
  readonly replaceable: boolean;
  release(outcome: CallOutcome & { readonly verdict: Verdict }): void;
  giveBack(): void;
}

interface Ticket {
  client: string;
  urgency: number;
  readonly again: Again | undefined;
  readonly grant: (slot: Slot) => void;
  readonly refuse: (error: RerankError) => void;
}

/** More urgent than anything that callers can ask for: a call that is made again has waited already. */
const AGAIN_URGENCY = -1;

/**
 * Share of the limit that a service may be served ahead of its turn. While one service takes a whole burst, another
 * that asks now and then gets nothing of it; of the places that come one by one afterwards, half would be less than it
 * asks for, and its calls would pile up.
 */
const CREDIT_SHARE = 0.1;

const monotonic = (): number => performance.now();

export class Pacer {
  readonly #queue: FairQueue<Ticket>;
  readonly #lanes: Lanes<LaneServer>;
  readonly #maxQueue: number;
  readonly #latency = new Latency();
  readonly #now: () => number;

  constructor({ lanes, maxQueue, weightOf, now = monotonic }: PacerOptions) {
    const limit = lanes.reduce((sum, { window }) => sum + window.limit, 0);
    this.#queue = new FairQueue(weightOf, CREDIT_SHARE * limit);
    this.#lanes = new Lanes(
      lanes.map(
        (lane) =>
          new LaneServer(lane, (server) => ({
            wanted: () => this.#wanted(server),
            waiting: () => this.#queue.size,
            grant: (entry) => this.#grant(server, entry),
          })),
      ),
    );
    this.#maxQueue = maxQueue;
    this.#now = now;
    for (const { health } of lanes) health.listen(() => this.#rearrange());
  }

  get waiting(): number {
    return this.#queue.size;
  }

  /** @see Slots.acquire in layers/pace.ts */
  async acquire(terms: Terms, onQueued?: (expectedAnswer: number) => void, again?: Again): Promise<Slot> {
    const place = { client: terms.client, urgency: again ? AGAIN_URGENCY : terms.urgency };
    let [lanesFor, wait] = [again, this.#predict(place, again)];
    if (again && this.#expected(wait) > terms.deadline) {
      // Whoever has failed it may have room when the others have not.
      lanesFor = { avoid: new Set(), never: again.never };
      wait = this.#predict(place, lanesFor);
    }
    const expected = this.#expected(wait);
    onQueued?.(expected);
    terms.signal.throwIfAborted();
    if (expected > terms.deadline) {
      throw new RerankError('wait_too_long', undefined, { retryAfterMs: expected - terms.deadline });
    }
    if (wait > 0 && again === undefined && this.#queue.size >= this.#maxQueue) {
      // By half the wait half of the queue has gone: room for as many as are refused meanwhile.
      throw new RerankError('queue_full', undefined, { retryAfterMs: wait / 2 });
    }
    return this.#enqueue({ ...place, again: lanesFor }, terms, onQueued);
  }

  #enqueue(
    place: Pick<Ticket, 'client' | 'urgency' | 'again'>,
    { signal, onNewcomer }: Terms,
    onQueued?: (expectedAnswer: number) => void,
  ): Promise<Slot> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        forget();
        if (this.#queue.remove(ticket)) reject(signal.reason);
      };
      const ticket: Ticket = {
        ...place,
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
        const ahead = this.#queue.ahead(newcomer);
        if (this.#queue.promote(ticket, newcomer))
          onQueued?.(this.#expected(this.#start(ahead, place.again)));
      });
      const forget = (): void => {
        signal.removeEventListener('abort', onAbort);
        unsubscribe?.();
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#queue.push(ticket);
      for (const server of this.#lanes.all) server.request();
    });
  }

  /** Milliseconds until a call in this place of the queue would start; throws when nobody could make it. */
  #predict(place: Pick<Ticket, 'client' | 'urgency'>, again: Again | undefined): number {
    return this.#start(this.#queue.ahead(place), again);
  }

  /** The same for a call that has so many ahead of it. */
  #start(ahead: number, again: Again | undefined): number {
    const start = this.#lanes.starts(again, ahead + 1, this.#latency.ms)[ahead];
    if (start === undefined) throw this.#outage();
    return start;
  }

  /** When the answer should be there. A call that starts at once always goes: no later attempt could be faster. */
  #expected(wait: number): number {
    return wait > 0 ? this.#now() + wait + this.#latency.ms : this.#now();
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
    ticket?.grant(this.#slot(server, entry, ticket.again));
    return ticket !== undefined;
  }

  #slot(server: LaneServer, entry: WindowEntry, again: Again | undefined): Slot {
    const started = this.#now();
    const ended = server.health.begin();
    return {
      attachment: server.attachment,
      replaceable: this.#lanes.hasOther(server, again),
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
