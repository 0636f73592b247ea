/**
 * Who is let into the queue. A call is refused at once when its answer would come after its deadline, or when as many
 * wait as may; what it is then told of when to come back is kept.
 */

import { RerankError } from '../../calls/errors.ts';
import type { Lanes } from '../lanes/lanes.ts';
import { FIRST, type Ticket } from '../ticket.ts';
import type { Reservations } from './reservations.ts';
import type { Expectation, WaitPredictor } from './wait-predictor.ts';

/** Nobody is told to come back sooner. */
const SOON_MS = 1000;

export interface AdmissionOptions {
  readonly lanes: Lanes;
  readonly predictor: WaitPredictor;
  readonly reservations: Reservations;
  /** No more may wait. */
  readonly isFull: () => boolean;
}

export class Admission {
  readonly #options: AdmissionOptions;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  /** Lets a call in that has just come; throws when it is refused. @returns what it has to expect */
  admit(ticket: Ticket): Expectation {
    const { lanes, predictor } = this.#options;
    const outage = lanes.outage(ticket);
    if (outage !== undefined) throw outage;
    const expectation = predictor.of(ticket)!;
    const refused = this.#refusal(ticket, expectation);
    if (refused === undefined) return expectation;
    // Whoever has failed it may have room when the others have not.
    if (ticket.again) ticket.again = { avoid: new Set(), never: ticket.again.never };
    else this.#redeem(ticket, refused, expectation);
    const second = predictor.of(ticket)!;
    if (second.answerAt <= ticket.deadline) return second;
    throw this.#reserve(ticket, this.#tooLong(second, ticket.deadline));
  }

  /**
   * What is said to a call that was waiting, and can be served in time no longer: when one could be that came then, and was
   * as patient.
   */
  late(ticket: Ticket): RerankError {
    const expectation = this.#options.predictor.of(ticket)!;
    const deadline = Math.min(performance.now() + ticket.patienceMs, expectation.answerAt - SOON_MS);
    return this.#reserve(ticket, this.#tooLong(expectation, deadline));
  }

  #refusal({ deadline, again }: Ticket, expectation: Expectation): RerankError | undefined {
    const { waitMs, answerAt } = expectation;
    if (answerAt > deadline) return this.#tooLong(expectation, deadline);
    // A call that is made again has been let in.
    const isRefused = waitMs > 0 && again === undefined && this.#options.isFull();
    // By half the wait half of the queue has gone: room for as many as are refused meanwhile.
    return isRefused ? this.#refuse('queue_full', expectation, waitMs / 2) : undefined;
  }

  /** A caller that has come back as it was told to goes first; throws when it has not. */
  #redeem(ticket: Ticket, refused: RerankError, expectation: Expectation): void {
    const { client, question } = ticket;
    if (question === undefined) throw refused;
    const taken = this.#options.reservations.take(client, question, performance.now());
    if (taken === undefined) throw this.#reserve(ticket, refused);
    // What it was told still holds.
    if (taken !== 'due') throw this.#refuse(refused.kind, expectation, taken);
    ticket.urgency = FIRST;
  }

  /** @returns the refusal, which is kept to if the caller can be known again */
  #reserve({ client, question }: Ticket, refused: RerankError): RerankError {
    if (question !== undefined)
      this.#options.reservations.make(client, question, performance.now(), refused.retryAfterMs!);
    return refused;
  }

  #tooLong(expectation: Expectation, deadline: number): RerankError {
    return this.#refuse('wait_too_long', expectation, expectation.answerAt - deadline);
  }

  #refuse(kind: RerankError['kind'], { waitMs }: Expectation, retryAfterMs: number): RerankError {
    // Why a place in the queue would have to wait, as things stand.
    const reason = this.#options.lanes.all.find(({ block }) => block !== undefined)?.block ?? 'full';
    return new RerankError(kind, undefined, { retryAfterMs, wait: { predictedMs: waitMs, reason } });
  }
}
