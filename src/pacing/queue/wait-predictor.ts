/**
 * What a call has to expect in the queue: the window's rule, run ahead of time over all calls that are served before. That
 * is the bound that weighted fair queueing gives: a client that has calls waiting, here or elsewhere, goes on to have some
 * and takes all of its turns, so that only the share beside it is counted on. One that has none is taken to bring as many
 * as it did of late.
 */

import type { Again } from '../../calls/attempt.ts';
import type { Lane, Lanes } from '../lanes/lanes.ts';
import { type Amount, sum } from '../window/amount.ts';
import { HORIZON_MS, startOf } from '../window/schedule.ts';
import type { ArrivalRates } from './arrival-rates.ts';
import type { FairQueue, Place, Queued } from './fair-queue.ts';
import type { Reservations } from './reservations.ts';

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

export interface WaitPredictorOptions<T extends Queued> {
  readonly lanes: Lanes<Lane>;
  readonly queue: Pick<FairQueue<T>, 'isBacklogged' | 'ahead'>;
  readonly reservations: Pick<Reservations, 'clients' | 'dueBy'>;
  readonly rates: Pick<ArrivalRates, 'clients' | 'within' | 'periodMs'>;
  /** How long calls last, and what hardly any takes longer than, milliseconds. */
  readonly latency: { readonly ms: number; readonly mostMs: number };
  /** What a call costs of late. */
  readonly typicalTokens?: () => number;
}

export class WaitPredictor<T extends Queued = Queued> {
  readonly #options: WaitPredictorOptions<T>;

  constructor(options: WaitPredictorOptions<T>) {
    this.#options = options;
  }

  /** For a call that waits, or one that would wait in this place; undefined when nobody could make it. */
  of(place: Place | T, again: Again | undefined): Expectation | undefined {
    const { lanes, queue, reservations, rates, latency } = this.#options;
    const schedules = lanes.schedules(again, latency.ms, place);
    if (schedules === undefined) return undefined;
    const now = performance.now();
    const elsewhere = this.#elsewhere(place, again);
    const { tokens = 0 } = place;
    const clients = new Set([...elsewhere.keys(), ...reservations.clients(now), ...rates.clients(now)]);
    /** Calls that are there within so many milliseconds, beside those that wait here. */
    const callsBy = (client: string, inMs: number): number => {
      const { waiting, perMs } = elsewhere.get(client) ?? NOTHING;
      const back = inMs > 0 ? reservations.dueBy(client, now + inMs) : 0;
      if (client === place.client) return waiting + (place.urgency < 0 ? 0 : back);
      if (queue.isBacklogged(client) || waiting + back > 0) return Number.MAX_SAFE_INTEGER;
      const mean = rates.within(client, inMs, now) + perMs * inMs;
      return inMs > 0 ? mean + Math.sqrt(mean + 4) : 0;
    };
    const tokensOf = (client: string): number => this.#tokensOf(elsewhere.get(client));
    const aheadBy = (inMs: number): Amount =>
      rounded(queue.ahead(place, { clients, of: (client) => callsBy(client, inMs), tokensOf }));
    let ahead = aheadBy(0);
    let waitMs = startOf(schedules, ahead, tokens);
    // The later it starts, the more of those who come are served before; nobody's turn comes for ever.
    for (let step = 0; waitMs > 0 && waitMs < HORIZON_MS && step < STEPS; step++) {
      const later = aheadBy(waitMs);
      if (later.calls <= ahead.calls && later.tokens <= ahead.tokens) break;
      ahead = later;
      waitMs = startOf(schedules, ahead, tokens);
    }
    const answerAt = waitMs > 0 ? now + waitMs + latency.mostMs : now;
    const more = sum(ahead, { calls: MARGIN, tokens: MARGIN * tokens });
    return { waitMs, answerAt, close: startOf(schedules, more, tokens) > 0 };
  }

  /**
   * The soonest that a call that waits can be answered, if nobody comes any more who would be served before, and its
   * call is a quick one; undefined when nobody could make it.
   */
  soonest(item: T, again: Again | undefined): number | undefined {
    const { lanes, queue, latency } = this.#options;
    const schedules = lanes.schedules(again, latency.ms, item);
    if (schedules === undefined) return undefined;
    const now = performance.now();
    const elsewhere = this.#elsewhere(item, again);
    const of = (client: string): number => (elsewhere.get(client) ?? NOTHING).waiting;
    const tokensOf = (client: string): number => this.#tokensOf(elsewhere.get(client));
    const ahead = queue.ahead(item, { clients: elsewhere.keys(), of, tokensOf });
    return now + startOf(schedules, ahead, item.tokens ?? 0) + QUICK_SHARE * latency.ms;
  }

  /** Of a call that waits elsewhere, or is yet to come. */
  #tokensOf({ waiting, tokens }: Elsewhere = NOTHING): number {
    return waiting > 0 ? tokens / waiting : (this.#options.typicalTokens?.() ?? 0);
  }

  /**
   * What other processes tell, by client: calls that wait, of its own client only those it does not pass, and calls that come.
   * What waits in one process waits for each of its lanes.
   */
  #elsewhere(place: Place, again: Again | undefined): ReadonlyMap<string, Elsewhere> {
    const { lanes, rates } = this.#options;
    const all = new Map<string, Elsewhere>();
    for (const { client, calls, tokens = 0, arrived, first } of lanes
      .for(again, place)[0]
      ?.window.elsewhere() ?? []) {
      const known = all.get(client) ?? NOTHING;
      const passed = client === place.client ? first.findIndex(({ urgency }) => urgency > place.urgency) : -1;
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

interface Elsewhere {
  readonly waiting: number;
  /** Of those that wait, together. */
  readonly tokens: number;
  readonly perMs: number;
}

const NOTHING: Elsewhere = { waiting: 0, tokens: 0, perMs: 0 };

const rounded = ({ calls, tokens }: Amount): Amount => ({
  calls: Math.round(calls),
  tokens: Math.round(tokens),
});
