/**
 * Who is let into the queue. A call is refused at once when its answer would come after its deadline, or when as many
 * wait as may; what it is then told of when to come back is kept.
 */

import type { Again } from '../../calls/attempt.ts';
import type { Terms } from '../../calls/call.ts';
import { RerankError } from '../../calls/errors.ts';
import type { LaneServer } from '../lanes/lane-server.ts';
import type { Lanes } from '../lanes/lanes.ts';
import type { Place, Queued } from './fair-queue.ts';
import type { Reservations } from './reservations.ts';
import type { Expectation, WaitPredictor } from './wait-predictor.ts';

/** A place in the queue, and what is to be expected of it. */
export interface Spot extends Place, Expectation {
  readonly again: Again | undefined;
}

/** A call that waits. */
export interface Waiter extends Queued {
  readonly again: Again | undefined;
  /** The same for the same question: whoever was refused and comes back with it is known by that. */
  readonly question: string | undefined;
  readonly terms: Pick<Terms, 'deadline'>;
  /** For how long it was willing to wait when it came, milliseconds. */
  readonly patienceMs: number;
}

/**
 * More urgent than anything that callers can ask for: a call that is made again has had its turn already, and a caller that
 * comes back when it was told to has waited.
 */
const FIRST = -1;

/** Nobody is told to come back sooner. */
const SOON_MS = 1000;

export interface AdmissionOptions<T extends Waiter> {
  readonly lanes: Lanes<LaneServer>;
  readonly predictor: WaitPredictor<T>;
  readonly reservations: Reservations;
  /** No more may wait. */
  readonly isFull: () => boolean;
}

export class Admission<T extends Waiter> {
  readonly #options: AdmissionOptions<T>;

  constructor(options: AdmissionOptions<T>) {
    this.#options = options;
  }

  /** Where a call that comes now is to wait; throws when it is not let in. @param tokens what it would cost now */
  spot(terms: Terms, again: Again | undefined, question: string | undefined, tokens = 0): Spot {
    const { client, urgency, deadline } = terms;
    if (again !== undefined) return this.#spotAgain({ client, urgency: FIRST, tokens }, deadline, again);
    const spot = this.#spotOf({ client, urgency, tokens }, again);
    const refused = this.#refusal(spot, deadline);
    if (refused === undefined) return spot;
    if (question === undefined) throw refused;
    const taken = this.#options.reservations.take(client, question, performance.now());
    if (taken === undefined) throw this.#reserve(refused, client, question);
    // What it was told still holds.
    if (taken !== 'due') throw this.#refuse(refused.kind, spot, taken);
    const kept = this.#spotOf({ client, urgency: FIRST, tokens }, again);
    if (kept.answerAt <= deadline) return kept;
    throw this.#reserve(this.#tooLong(kept, deadline), client, question);
  }

  /** Throws when nobody could make the call. */
  #spotOf(place: Place, again: Again | undefined): Spot {
    const expectation = this.#options.predictor.of(place, again);
    if (expectation === undefined) throw outage(this.#options.lanes.retryInMs(place));
    return { ...place, again, ...expectation };
  }

  /**
   * What is said to a call that waits, and can be served in time no longer: when one could be that came then, and was as
   * patient.
   */
  late({ client, urgency, tokens = 0, patienceMs, question }: T): RerankError {
    const now = performance.now();
    const spot = this.#spotOf({ client, urgency, tokens }, undefined);
    const refused = this.#tooLong(spot, Math.min(now + patienceMs, spot.answerAt - SOON_MS));
    return question === undefined ? refused : this.#reserve(refused, client, question);
  }

  #spotAgain(first: Place, deadline: number, again: Again): Spot {
    const spot = this.#spotOf(first, again);
    if (spot.answerAt <= deadline) return spot;
    // Whoever has failed it may have room when the others have not.
    const anywhere = this.#spotOf(first, { avoid: new Set(), never: again.never });
    if (anywhere.answerAt > deadline) throw this.#tooLong(anywhere, deadline);
    return anywhere;
  }

  #refusal(spot: Spot, deadline: number): RerankError | undefined {
    if (spot.answerAt > deadline) return this.#tooLong(spot, deadline);
    // By half the wait half of the queue has gone: room for as many as are refused meanwhile.
    return spot.waitMs > 0 && this.#options.isFull()
      ? this.#refuse('queue_full', spot, spot.waitMs / 2)
      : undefined;
  }

  #tooLong(spot: Spot, deadline: number): RerankError {
    return this.#refuse('wait_too_long', spot, spot.answerAt - deadline);
  }

  #refuse(kind: RerankError['kind'], { waitMs }: Spot, retryAfterMs: number): RerankError {
    // Why a place in the queue would have to wait, as things stand.
    const reason = this.#options.lanes.all.find(({ block }) => block !== undefined)?.block ?? 'full';
    return new RerankError(kind, undefined, { retryAfterMs, wait: { predictedMs: waitMs, reason } });
  }

  /** @returns the refusal, which is kept to */
  #reserve(refused: RerankError, client: string, question: string): RerankError {
    this.#options.reservations.make(client, question, performance.now(), refused.retryAfterMs!);
    return refused;
  }
}

/** Nobody can make the call. @param retryInMs until an attachment is tried again */
export const outage = (retryInMs: number): RerankError =>
  new RerankError('no_upstream', undefined, { retryAfterMs: retryInMs });
