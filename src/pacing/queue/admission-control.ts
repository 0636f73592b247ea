/**
 * Who is let into the queue. A call is refused at once when its answer would come after its deadline, or when as many
 * wait as may; and what it is then told of when to come back is kept.
 */

import type { Again } from '../../calls/attempt.ts';
import type { Terms } from '../../calls/call.ts';
import type { RerankError } from '../../calls/errors.ts';
import { Turns } from '../../calls/turns.ts';
import type { LaneServer } from '../lanes/lane-server.ts';
import type { Lanes } from '../lanes/lanes.ts';
import type { Block } from '../window/window.ts';
import type { Appointments } from './appointments.ts';
import type { Arrivals } from './arrivals.ts';
import type { Place } from './fair-queue.ts';
import type { Expectation, Outlook } from './outlook.ts';
import { asTold, outage, queueFull, tooLong } from './refusals.ts';

/** A place in the queue, and what is to be expected of it. */
export interface Spot extends Place, Expectation {
  readonly again: Again | undefined;
}

/**
 * More urgent than anything that callers can ask for: a call that is made again has waited already, and so has a caller
 * that comes back when it was told to.
 */
const FIRST = -1;

/** A call that has waited in vain. */
export interface Overdue {
  readonly deadline: number;
  /** When it began to wait. */
  readonly since: number;
  readonly question: string | undefined;
}

/** Nobody is told to come back sooner. */
const SOON_MS = 1000;

export interface AdmissionOptions {
  readonly lanes: Lanes<LaneServer>;
  readonly outlook: Outlook;
  readonly appointments: Appointments;
  readonly arrivals: Arrivals;
  /** No more may wait. */
  readonly isFull: () => boolean;
  readonly now: () => number;
}

export class AdmissionControl {
  readonly #options: AdmissionOptions;
  readonly #turns = new Turns();
  readonly #arriving = new Set<Place & { readonly since: number }>();

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  /** Calls that others hear of, but that are not in the queue yet. */
  get arriving(): Iterable<Place & { readonly since: number }> {
    return this.#arriving;
  }

  /**
   * Lets a call in, or rejects with the reason.
   * @param enter called in the same step in which its place was judged, so that the next one is judged behind it
   */
  async admit<T>(
    terms: Terms,
    again: Again | undefined,
    question: string | undefined,
    enter: (spot: Spot) => T | Promise<T>,
  ): Promise<T> {
    let spot = this.#spot(terms, again);
    let refused = this.#refusal(spot, terms.deadline);
    // Who would be refused in any case costs no look at what others do.
    if (spot.close && !refused && this.#options.lanes.shared(again, terms)) {
      await this.#announce(terms, again);
      // All who were announced together hear at the same moment.
      await this.#turns.short();
      spot = this.#spot(terms, again);
      refused = this.#refusal(spot, terms.deadline);
    }
    // Whoever keeps an appointment has been counted among those who come.
    if (refused) spot = await this.#spotKept(refused, terms, question);
    else this.#options.arrivals.note(terms.client, this.#options.now());
    return enter(spot);
  }

  /** Throws when nobody could make the call. */
  spotOf({ client, urgency }: Place, again: Again | undefined): Spot {
    const { outlook, lanes } = this.#options;
    const expectation = outlook.of({ client, urgency }, again);
    if (expectation === undefined) throw outage(lanes.retryInMs({ client }));
    return { client, urgency, again, ...expectation };
  }

  /**
   * What is said to a call that waits, and can be served in time no longer: when one could be that came then, and was
   * as patient. A place is kept for it.
   */
  late({ client, urgency }: Place, { deadline, since, question }: Overdue): RerankError {
    const { appointments, now } = this.#options;
    const at = now();
    const spot = this.spotOf({ client, urgency }, undefined);
    const patientUntil = Math.min(at + deadline - since, spot.answerAt - SOON_MS);
    const refused = tooLong(spot, patientUntil, this.#reason);
    if (question !== undefined) appointments.make(client, question, at, refused.retryAfterMs!);
    return refused;
  }

  #spot({ client, urgency, deadline }: Terms, again: Again | undefined): Spot {
    if (again === undefined) return this.spotOf({ client, urgency }, undefined);
    const first = { client, urgency: FIRST };
    const spot = this.spotOf(first, again);
    if (spot.answerAt <= deadline) return spot;
    // Whoever has failed it may have room when the others have not.
    return this.spotOf(first, { avoid: new Set(), never: again.never });
  }

  /**
   * Tells the others of a call before it is judged, and hears of theirs: of two that come to two processes at the same
   * moment, one knows of the other.
   */
  async #announce({ client, urgency }: Place, again: Again | undefined): Promise<void> {
    const arrival = { client, urgency, since: this.#options.now() };
    this.#arriving.add(arrival);
    await this.#options.lanes.refresh(again, arrival).finally(() => this.#arriving.delete(arrival));
  }

  /** The place that is kept for a call that would be refused; throws when there is none, and keeps one for next time. */
  async #spotKept(refused: RerankError, terms: Terms, question: string | undefined): Promise<Spot> {
    if (question === undefined) throw refused;
    const { appointments, now } = this.#options;
    const { client, deadline } = terms;
    const kept = await appointments.keep(client, question, now());
    // Too early: what it was told still holds.
    if (typeof kept === 'number') throw asTold(refused, kept);
    let late = refused;
    if (kept === 'due') {
      const spot = this.spotOf({ client, urgency: FIRST }, undefined);
      const refusal = this.#refusal(spot, deadline);
      if (refusal === undefined) return spot;
      late = refusal;
    }
    appointments.make(client, question, now(), late.retryAfterMs!);
    throw late;
  }

  #refusal(spot: Spot, deadline: number): RerankError | undefined {
    if (spot.answerAt > deadline) return tooLong(spot, deadline, this.#reason);
    // Who goes first has been let in before.
    if (spot.waitMs <= 0 || spot.urgency === FIRST || !this.#options.isFull()) return undefined;
    return queueFull(spot, this.#reason);
  }

  /** Why a place in the queue would have to wait, as things stand. */
  get #reason(): Block {
    return this.#options.lanes.all.find(({ block }) => block !== undefined)?.block ?? 'full';
  }
}
