/**
 * What a call has to expect in the queue: the window's rule, run ahead of time over all calls that are served before. That
 * is the bound that weighted fair queueing gives: a client that has calls waiting, here or elsewhere, goes on to have some
 * and takes all of its turns, so that only the share beside it is counted on. One that has none is taken to bring as many
 * as it did of late.
 */

import type { Attempt, Lanes } from '../lanes/lanes.ts';
import { type Amount, sum } from '../window/amount.ts';
import { startOf } from '../window/schedule.ts';
import type { ArrivalRates } from './arrival-rates.ts';
import type { FairQueue, Place } from './fair-queue.ts';
import type { Reservations } from './reservations.ts';
import type { UsualCall } from './usual-call.ts';

export interface Expectation {
  /** Milliseconds until the call would start. */
  readonly waitMs: number;
  /** When its answer is there at the latest, as far as can be told; for a call that starts at once, now: no later attempt could be faster. */
  readonly answerAt: number;
  /** It would have to wait, or nearly so: what others do at this moment matters. */
  readonly close: boolean;
}

/** Who would be among the last so many to start at once is not sure to: others may have taken places meanwhile. */
const MARGIN = 8;

/** Share of the usual time that a call takes at least. */
const QUICK_SHARE = 0.5;

/** How often it is looked again who comes meanwhile. By then it makes no difference, or the wait is longer than any. */
const STEPS = 50;

export interface WaitPredictorOptions {
  readonly lanes: Lanes;
  readonly queue: FairQueue<Place>;
  readonly reservations: Pick<Reservations, 'clients' | 'dueBy'>;
  readonly rates: Pick<ArrivalRates, 'clients' | 'within' | 'periodMs'>;
  readonly usual: Pick<UsualCall, 'ms' | 'mostMs' | 'tokens'>;
}

/** What other processes tell of one client. */
interface Elsewhere {
  /** Calls that wait, and their tokens together. */
  readonly waiting: number;
  readonly tokens: number;
  /** Calls that come. */
  readonly perMs: number;
}

const NOTHING: Elsewhere = { waiting: 0, tokens: 0, perMs: 0 };

export class WaitPredictor {
  readonly #options: WaitPredictorOptions;

  constructor(options: WaitPredictorOptions) {
    this.#options = options;
  }

  /** For a call that waits, or one that would wait in this place; undefined when nobody could make it. */
  of(call: Place & Attempt): Expectation | undefined {
    const { lanes, queue, reservations, rates, usual } = this.#options;
    const schedules = lanes.schedules(call, usual.ms);
    if (schedules === undefined) return undefined;
    const now = performance.now();
    const elsewhere = this.#elsewhere(call);
    const tokensOf = (client: string): number => this.#tokensOf(elsewhere.get(client));
    const clients = new Set([
      ...queue.clients(),
      ...elsewhere.keys(),
      ...reservations.clients(now),
      ...rates.clients(now),
    ]);
    /** Calls that are there within so many milliseconds, beside those that wait here. */
    const callsBy = (client: string, inMs: number): number => {
      const { waiting, perMs } = elsewhere.get(client) ?? NOTHING;
      const back = inMs > 0 ? reservations.dueBy(client, now + inMs) : 0;
      if (client === call.client) return waiting + (call.urgency < 0 ? 0 : back);
      if (queue.of(client).length > 0 || waiting + back > 0) return Number.MAX_SAFE_INTEGER;
      const mean = rates.within(client, inMs, now) + perMs * inMs;
      return inMs > 0 ? mean + Math.sqrt(mean + 4) : 0;
    };
    const aheadBy = (inMs: number): Amount =>
      queue.ahead(call, { clients, of: (client) => callsBy(client, inMs), tokensOf });
    const { tokens = 0 } = call;
    let ahead = aheadBy(0);
    let waitMs = startOf(schedules, ahead, tokens);
    // The later it starts, the more of those who come are served before; nobody's turn comes for ever.
    for (let step = 0; waitMs > 0 && step < STEPS; step++) {
      ahead = aheadBy(waitMs);
      const start = startOf(schedules, ahead, tokens);
      if (start <= waitMs) break;
      waitMs = start;
    }
    const answerAt = waitMs > 0 ? now + waitMs + usual.mostMs : now;
    const more = sum(ahead, { calls: MARGIN, tokens: MARGIN * tokens });
    return { waitMs, answerAt, close: startOf(schedules, more, tokens) > 0 };
  }

  /**
   * The soonest that a call that waits can be answered, if nobody comes any more who would be served before, and its
   * call is a quick one; undefined when nobody could make it.
   */
  soonest(call: Place & Attempt): number | undefined {
    const { lanes, queue, usual } = this.#options;
    const schedules = lanes.schedules(call, usual.ms);
    if (schedules === undefined) return undefined;
    const elsewhere = this.#elsewhere(call);
    const ahead = queue.ahead(call, {
      clients: new Set([...queue.clients(), ...elsewhere.keys()]),
      of: (client) => (elsewhere.get(client) ?? NOTHING).waiting,
      tokensOf: (client) => this.#tokensOf(elsewhere.get(client)),
    });
    return performance.now() + startOf(schedules, ahead, call.tokens ?? 0) + QUICK_SHARE * usual.ms;
  }

  /** Of a call that waits elsewhere, or is yet to come. */
  #tokensOf({ waiting, tokens } = NOTHING): number {
    return waiting > 0 ? tokens / waiting : this.#options.usual.tokens;
  }

  /** Of its own client's calls only those that a call does not pass. What waits in one process waits for each of its lanes. */
  #elsewhere(call: Place & Attempt): ReadonlyMap<string, Elsewhere> {
    const { lanes, rates } = this.#options;
    const all = new Map<string, Elsewhere>();
    for (const { client, calls, tokens = 0, arrived, first } of lanes.for(call)[0]?.window.elsewhere() ??
      []) {
      const known = all.get(client) ?? NOTHING;
      const passed = client === call.client ? first.findIndex(({ urgency }) => urgency > call.urgency) : -1;
      const before = passed < 0 ? calls : passed;
      all.set(client, {
        waiting: known.waiting + before,
        tokens: known.tokens + (calls > 0 ? (tokens * before) / calls : 0),
        perMs: known.perMs + arrived / rates.periodMs,
      });
    }
    return all;
  }
}
