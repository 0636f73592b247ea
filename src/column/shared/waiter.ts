/** A call that waits for one or several flights, on its own terms. */

import type { ItemReply, Terms } from '../../calls/call.ts';
import { RerankError, toRerankError } from '../../calls/errors.ts';
import type { Values } from '../../calls/values.ts';
import type { Flight, Joiner } from './flight.ts';

/** A flight that carries some of a call's items. */
export interface Booking<V extends Values> {
  readonly flight: Flight<V>;
  /** Indices of those items in the flight. */
  readonly indices: readonly number[];
  /** Calls for these items again, in a call that is never merged with others. */
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
  /** Flights that are known to wait for a permit, and those whose calls have been sent. */
  readonly #queued = new Set<number>();
  readonly #sent = new Set<number>();
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
   * Resolves with the replies in the order of the flights, when all have landed. Rejects with the first failure, at the
   * deadline, or when the caller leaves.
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
      // A flight that comes too late has ended the wait. Leaving the next ones at once cancels those that nobody else joins.
      if (this.#over) this.#flights[i]!.leave(joiner, new RerankError('client_gone'));
    }
    if (signal.aborted) this.#onAbort();
    return promise;
  }

  /** Fails at once when the answer is expected after the deadline. */
  #expect(i: number, answerAt: number): void {
    // The pacing layer says "now" when it grants a permit. A flight that waits again after that was sent, and failed.
    if (answerAt <= this.#now()) {
      this.#queued.delete(i);
      this.#sent.add(i);
    } else if (!this.#sent.has(i)) this.#queued.add(i);
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

/** A call that was still queued at its deadline was about to have its turn. */
const SOON_MS = 1000;

/** The call was never sent: there was no room in time. */
const stillWaiting = (): RerankError =>
  new RerankError('wait_too_long', undefined, { retryAfterMs: SOON_MS });
