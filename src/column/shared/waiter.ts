/** One call that waits for one or several flights, on its own terms. */

import type { ItemReply, Terms } from '../../calls/call.ts';
import { RerankError, toRerankError } from '../../calls/errors.ts';
import type { Values } from '../../calls/values.ts';
import type { Flight, Joiner } from './flight.ts';

/** A flight that brings some of a call's items. */
export interface Booking<V extends Values> {
  readonly flight: Flight<V>;
  /** Which of the flight's items. */
  readonly indices: readonly number[];
  /** Asks for these items again, in company with nobody. */
  readonly askAlone: () => Promise<ItemReply<V>>;
}

export interface WaiterOptions<V extends Values> {
  readonly terms: Terms;
  readonly bookings: readonly Booking<V>[];
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

export class Waiter<V extends Values> {
  readonly #terms: Terms;
  readonly #now: () => number;
  readonly #joiners: readonly Joiner<V>[];
  readonly #flights: readonly Flight<V>[];
  readonly #replies = new Map<number, ItemReply<V>>();
  /** Flights that are known to wait for a slot of the upstream's, and those whose calls have had one. */
  readonly #queued = new Set<number>();
  readonly #asked = new Set<number>();
  #resolve: (replies: ItemReply<V>[]) => void = () => {};
  #reject: (error: RerankError) => void = () => {};
  #timer: NodeJS.Timeout | undefined;
  #over = false;
  readonly #onAbort = (): void => this.#fail(toRerankError(this.#terms.signal.reason));

  constructor({ terms, bookings, now }: WaiterOptions<V>) {
    this.#terms = terms;
    this.#now = now;
    this.#flights = bookings.map(({ flight }) => flight);
    this.#joiners = bookings.map(({ indices, askAlone }, i) => ({
      terms,
      indices,
      expect: (answerAt) => this.#expect(i, answerAt),
      resolve: (reply) => this.#land(i, reply),
      reject: (error) => this.#fail(error),
      askAlone: () => {
        if (this.#over) return;
        askAlone().then(
          (reply) => this.#land(i, reply),
          (thrown) => this.#fail(toRerankError(thrown)),
        );
      },
    }));
  }

  /**
   * Resolves with the reply of each flight in the order given, when all have landed; rejects with the first failure, or as
   * soon as the waiter's own terms are broken.
   */
  wait(): Promise<ItemReply<V>[]> {
    const { signal, deadline } = this.#terms;
    const promise = new Promise<ItemReply<V>[]>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#timer = setTimeout(
      () => this.#fail(this.#queued.size > 0 ? stillWaiting() : new RerankError('deadline')),
      Math.max(0, deadline - this.#now()),
    );
    signal.addEventListener('abort', this.#onAbort);
    for (const [i, joiner] of this.#joiners.entries()) {
      this.#flights[i]!.join(joiner);
      // It may be over already: the first flight comes too late for this one, who joins no other.
      if (this.#over) this.#flights[i]!.leave(joiner, new RerankError('client_gone'));
    }
    if (signal.aborted) this.#onAbort();
    return promise;
  }

  /** Says at once what waiting would only confirm: the answer comes after the deadline. */
  #expect(i: number, answerAt: number): void {
    // What has its slot is told to expect its answer now. If it waits again after that, the upstream was asked and failed.
    if (answerAt <= this.#now()) {
      this.#queued.delete(i);
      this.#asked.add(i);
    } else if (!this.#asked.has(i)) this.#queued.add(i);
    const { deadline } = this.#terms;
    if (answerAt <= deadline) return;
    this.#fail(new RerankError('wait_too_long', undefined, { retryAfterMs: answerAt - deadline }));
  }

  #land(i: number, reply: ItemReply<V>): void {
    this.#replies.set(i, reply);
    this.#queued.delete(i);
    if (this.#over || this.#replies.size < this.#flights.length) return;
    this.#end();
    this.#resolve(this.#flights.map((_, at) => this.#replies.get(at)!));
  }

  #fail(error: RerankError): void {
    if (this.#over) return;
    this.#end();
    this.#reject(error);
    for (const [i, joiner] of this.#joiners.entries()) this.#flights[i]!.leave(joiner, error);
  }

  #end(): void {
    this.#over = true;
    clearTimeout(this.#timer);
    this.#terms.signal.removeEventListener('abort', this.#onAbort);
  }
}

/** Whoever is still in the queue by now was about to have its turn. */
const SOON_MS = 1000;

/** The upstream was not even asked: there was no room for it in time. */
const stillWaiting = (): RerankError =>
  new RerankError('wait_too_long', undefined, { retryAfterMs: SOON_MS });
