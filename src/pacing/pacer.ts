/**
 * The queue of one process for one model. bottleneck holds requests for "one slot, please" and serves them one at a
 * time per attachment; which waiting call gets a slot is decided when it is granted, out of a fair queue that an
 * aborted call has long left. Several attachments draw on the same queue, so a call goes where a slot is free first.
 */

import Bottleneck from 'bottleneck';
import { RerankError } from '../rerank/errors.ts';
import type { Terms } from '../rerank/scoring.ts';
import { FairQueue } from './fair-queue.ts';
import { Latency } from './latency.ts';
import type { Window, WindowEntry } from './window.ts';

export interface Lane {
  /** Alias of the attachment. */
  readonly attachment: string;
  readonly window: Window;
}

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
  release(answered: boolean): void;
}

interface Ticket {
  readonly client: string;
  readonly urgency: number;
  readonly grant: (slot: Slot) => void;
}

interface Server extends Lane {
  readonly bottleneck: Bottleneck;
  /** Requests for a slot that bottleneck holds. Never fewer than are needed to empty the queue. */
  requested: number;
}

const monotonic = (): number => performance.now();

const sleep = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    // Rounded up: a timer that fires a fraction early would only find the window closed and sleep again.
    setTimeout(resolve, Math.ceil(ms)).unref();
  });

export class Pacer {
  readonly #queue: FairQueue<Ticket>;
  readonly #servers: readonly Server[];
  readonly #maxQueue: number;
  readonly #latency = new Latency();
  readonly #now: () => number;

  constructor({ lanes, maxQueue, weightOf, now = monotonic }: PacerOptions) {
    this.#queue = new FairQueue(weightOf);
    this.#servers = lanes.map((lane) => ({
      ...lane,
      bottleneck: new Bottleneck({ maxConcurrent: 1 }),
      requested: 0,
    }));
    this.#maxQueue = maxQueue;
    this.#now = now;
  }

  get waiting(): number {
    return this.#queue.size;
  }

  /** @see Slots.acquire in layers/pace.ts */
  async acquire(terms: Terms, onQueued?: (expectedAnswer: number) => void): Promise<Slot> {
    const wait = this.#predict(terms);
    // A call that starts at once always goes: no later attempt could be faster.
    const expected = wait > 0 ? this.#now() + wait + this.#latency.ms : this.#now();
    onQueued?.(expected);
    terms.signal.throwIfAborted();
    if (expected > terms.deadline) {
      throw new RerankError('wait_too_long', undefined, { retryAfterMs: expected - terms.deadline });
    }
    if (wait > 0 && this.#queue.size >= this.#maxQueue) {
      // By half the wait half of the queue has gone: room for as many as are refused meanwhile.
      throw new RerankError('queue_full', undefined, { retryAfterMs: wait / 2 });
    }
    return this.#enqueue(terms);
  }

  #enqueue(terms: Terms): Promise<Slot> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        if (this.#queue.remove(ticket)) reject(terms.signal.reason);
      };
      const grant = (slot: Slot): void => {
        terms.signal.removeEventListener('abort', onAbort);
        resolve(slot);
      };
      const ticket: Ticket = { client: terms.client, urgency: terms.urgency, grant };
      terms.signal.addEventListener('abort', onAbort, { once: true });
      this.#queue.push(ticket);
      for (const server of this.#servers) this.#request(server);
    });
  }

  /** Milliseconds until a call on these terms would start. */
  #predict(terms: Terms): number {
    const count = this.#queue.ahead(terms) + 1;
    const starts = this.#servers.flatMap(({ window }) => window.forecast(count, this.#latency.ms));
    return starts.sort((a, b) => a - b)[count - 1]!;
  }

  #request(server: Server): void {
    if (server.requested >= this.#queue.size) return;
    server.requested++;
    void server.bottleneck
      .schedule(() => this.#serve(server))
      .finally(() => {
        server.requested--;
        this.#request(server);
      });
  }

  /** Grants one slot to whoever is due when it is there; returns without one when nobody waits any more. */
  async #serve({ attachment, window }: Server): Promise<void> {
    while (this.#queue.size > 0) {
      const admission = await window.admit();
      if ('retryInMs' in admission) {
        await sleep(admission.retryInMs);
        continue;
      }
      const ticket = this.#queue.shift();
      if (ticket === undefined) admission.entry.cancel();
      else ticket.grant(this.#slot(attachment, admission.entry));
      return;
    }
  }

  #slot(attachment: string, entry: WindowEntry): Slot {
    const started = this.#now();
    return {
      attachment,
      release: (answered) => {
        entry.complete(answered);
        if (answered) this.#latency.observe(this.#now() - started);
      },
    };
  }
}
