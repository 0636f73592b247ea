/** A call that waits for a slot, from its arrival until it is granted, refused or given up. */

import type { Terms } from '../calls/call.ts';
import type { RerankError } from '../calls/errors.ts';
import type { Spot, Waiter } from './queue/admission.ts';
import type { Place } from './queue/fair-queue.ts';
import type { Slot } from './slot.ts';

/** What a call brings when it comes. */
export interface Asked {
  readonly terms: Terms;
  /** @see Slots.acquire in column/pace.ts */
  readonly question: string | undefined;
  readonly content: string | undefined;
  readonly onQueued: ((expectedAnswer: number) => void) | undefined;
}

export interface TicketEvents {
  /** Nobody waits for it any more. @returns whether it still waited */
  readonly onAbort: (ticket: Ticket) => boolean;
  /** Somebody else has joined the call, and would wait in this place if the call were his alone. */
  readonly onNewcomer: (ticket: Ticket, newcomer: Place) => void;
}

export class Ticket implements Waiter {
  client: string;
  urgency: number;
  /** As predicted, milliseconds. */
  waitMs: number;
  readonly again: Spot['again'];
  readonly terms: Terms;
  readonly question: string | undefined;
  readonly content: string | undefined;
  /** When it began to wait, monotonic milliseconds. */
  readonly since = performance.now();
  readonly patienceMs: number;
  /** Rejects as the call is refused, or with the signal's reason. */
  readonly slot: Promise<Slot>;
  readonly #onQueued: Asked['onQueued'];
  #told: number;
  #end!: (settle: () => void) => void;
  #resolve!: (slot: Slot) => void;
  #reject!: (reason: unknown) => void;

  constructor(asked: Asked, spot: Spot, { onAbort, onNewcomer }: TicketEvents) {
    const { terms, question, content, onQueued } = asked;
    [this.terms, this.question, this.content, this.#onQueued] = [terms, question, content, onQueued];
    [this.client, this.urgency, this.again] = [spot.client, spot.urgency, spot.again];
    [this.waitMs, this.#told] = [spot.waitMs, spot.answerAt];
    this.patienceMs = terms.deadline - this.since;
    this.slot = new Promise((resolve, reject) => {
      [this.#resolve, this.#reject] = [resolve, reject];
    });
    const { signal } = terms;
    const abort = (): void => {
      const waited = onAbort(this);
      this.#end(() => waited && this.#reject(signal.reason));
    };
    const unsubscribe = terms.onNewcomer?.((newcomer) => onNewcomer(this, newcomer));
    this.#end = (settle) => {
      signal.removeEventListener('abort', abort);
      unsubscribe?.();
      settle();
    };
    signal.addEventListener('abort', abort, { once: true });
  }

  /** Tells who waits for it when the answer should be there, if that is later than they were told. */
  expect(answerAt: number): void {
    if (answerAt > this.#told) this.expectAnew(answerAt);
  }

  /** The same, if it is sooner, too. */
  expectAnew(answerAt: number): void {
    this.#told = answerAt;
    this.#onQueued?.(answerAt);
  }

  grant(slot: Slot): void {
    this.#end(() => this.#resolve(slot));
  }

  refuse(error: RerankError): void {
    this.#end(() => this.#reject(error));
  }
}
