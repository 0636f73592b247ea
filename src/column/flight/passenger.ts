/** One ask that waits for one or several flights, on its own terms. */

import { RerankError, toRerankError } from '../../calls/errors.ts';
import type { Scores, Terms } from '../../calls/scoring.ts';
import type { Flight, Traveller } from './flight.ts';

export interface PassengerOptions {
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Asks for this passenger's own part of a flight again, in company with nobody. */
  readonly askAlone: (flight: Flight) => Promise<Scores>;
}

export class Passenger implements Traveller {
  readonly terms: Terms;
  readonly #now: () => number;
  readonly #askAlone: (flight: Flight) => Promise<Scores>;
  readonly #landed = new Map<Flight, Scores>();
  /** Flights that are known to wait for a slot of the upstream's. */
  readonly #waiting = new Set<Flight>();
  /** Flights whose calls have had a slot. */
  readonly #asked = new Set<Flight>();
  #flights: readonly Flight[] = [];
  #resolve: (scores: Scores[]) => void = () => {};
  #reject: (error: RerankError) => void = () => {};
  #timer: NodeJS.Timeout | undefined;
  #over = false;
  readonly #onAbort = (): void => this.fail(toRerankError(this.terms.signal.reason));

  constructor(terms: Terms, { now, askAlone }: PassengerOptions) {
    this.terms = terms;
    this.#now = now;
    this.#askAlone = askAlone;
  }

  /**
   * Resolves with the scores of each flight in the order given, when all have landed; rejects with the first failure,
   * or as soon as the passenger's own terms are broken.
   * @param seats which documents of the flight are waited for
   */
  travel(
    bookings: readonly { readonly flight: Flight; readonly seats: readonly number[] }[],
  ): Promise<Scores[]> {
    this.#flights = bookings.map(({ flight }) => flight);
    const { signal, deadline } = this.terms;
    const promise = new Promise<Scores[]>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#timer = setTimeout(
      () => this.fail(this.#waiting.size > 0 ? stillWaiting() : new RerankError('deadline')),
      Math.max(0, deadline - this.#now()),
    );
    signal.addEventListener('abort', this.#onAbort);
    for (const { flight, seats } of bookings) {
      flight.join(this, seats);
      // It may be over already: the first flight comes too late for this passenger, who joins no other.
      if (this.#over) flight.leave(this, new RerankError('client_gone'));
    }
    if (signal.aborted) this.#onAbort();
    return promise;
  }

  /** Says at once what waiting would only confirm: the answer comes after this passenger's deadline. */
  expect(answerAt: number, flight: Flight): void {
    // What has its slot is told to expect its answer now. If it waits again after that, the upstream was asked and failed.
    if (answerAt <= this.#now()) {
      this.#waiting.delete(flight);
      this.#asked.add(flight);
    } else if (!this.#asked.has(flight)) this.#waiting.add(flight);
    if (answerAt <= this.terms.deadline) return;
    this.fail(new RerankError('wait_too_long', undefined, { retryAfterMs: answerAt - this.terms.deadline }));
  }

  land(flight: Flight, scores: Scores): void {
    this.#landed.set(flight, scores);
    this.#waiting.delete(flight);
    if (this.#over || this.#landed.size < this.#flights.length) return;
    this.#end();
    this.#resolve(this.#flights.map((each) => this.#landed.get(each)!));
  }

  askAlone(flight: Flight): void {
    if (this.#over) return;
    this.#askAlone(flight).then(
      (scores) => this.land(flight, scores),
      (thrown) => this.fail(toRerankError(thrown)),
    );
  }

  fail(error: RerankError): void {
    if (this.#over) return;
    this.#end();
    this.#reject(error);
    for (const flight of this.#flights) flight.leave(this, error);
  }

  #end(): void {
    this.#over = true;
    clearTimeout(this.#timer);
    this.terms.signal.removeEventListener('abort', this.#onAbort);
  }
}

/** Whoever is still in the queue by now was about to have its turn. */
const SOON_MS = 1000;

/** The upstream was not even asked: there was no room for it in time. */
const stillWaiting = (): RerankError =>
  new RerankError('wait_too_long', undefined, { retryAfterMs: SOON_MS });
