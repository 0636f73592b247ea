/**
 * What a call has to expect that takes a place in the queue: the window's rule, run ahead of time over all calls that
 * would be served before, here and in other processes. Those are the calls that wait, and of the calls that come later
 * those that are due sooner: callers that have been told when to come, and other clients in their turns, each of which
 * is taken to go on as it did within the last period.
 *
 * That is a guess, true on average. What is promised is the bound that weighted fair queueing gives: a client that has
 * calls waiting is taken to have more, so that only the share beside it is counted on.
 */

import type { Again } from '../../calls/attempt.ts';
import type { Lane, Lanes } from '../lanes/lanes.ts';
import { HORIZON_MS } from '../window/schedule.ts';
import type { Coming } from '../window/window.ts';
import type { Expected, Place, Queued } from './fair-queue.ts';

export interface Expectation {
  /** Milliseconds until the call would start, as a guess. */
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

export interface OutlookOptions<T extends Queued> {
  readonly lanes: Lanes<Lane>;
  readonly queue: {
    has(client: string): boolean;
    ahead(place: Place, expected: Expected): number;
    aheadOf(item: T, expected: Expected): number | undefined;
  };
  /** Calls that have been told here when to come. */
  readonly coming: {
    clients(now: number): Iterable<string>;
    expectedBy(client: string, inMs: number, now: number): number;
  };
  /** Calls that clients bring here. */
  readonly arrivals: {
    clients(now: number): Iterable<string>;
    perPeriod(client: string, now: number): number;
  };
  /** @see Arrivals */
  readonly periodMs: () => number;
  /** How long calls last, and what hardly any takes longer than, milliseconds. */
  readonly latency: { readonly ms: number; readonly mostMs: number };
  readonly now: () => number;
}

export class Outlook<T extends Queued = Queued> {
  readonly #options: OutlookOptions<T>;

  constructor(options: OutlookOptions<T>) {
    this.#options = options;
  }

  /** Undefined when nobody could make the call. */
  of(place: Place, again: Again | undefined): Expectation | undefined {
    const { lanes, queue, latency, now } = this.#options;
    const schedule = lanes.schedule(again, latency.ms, place);
    if (schedule === undefined) return undefined;
    const others = this.#others(place, again);
    const ahead = (by: (client: string) => number): number =>
      Math.round(queue.ahead(place, { clients: others.keys(), of: by }));
    const guess = (client: string, inMs: number): number => others.get(client)?.by(inMs) ?? 0;
    // Who has more than is served now will have more, and takes all of its turns.
    const most = (client: string, inMs: number): number => {
      const waits = queue.has(client) || (others.get(client)?.waiting ?? 0) > 0;
      return waits && client !== place.client ? Number.MAX_SAFE_INTEGER : guess(client, inMs);
    };
    /** Goes on from so many calls that are served before until those who come meanwhile are counted. */
    const settle = (at: number, demand: typeof guess): { at: number; start: number } => {
      let start = schedule.startOf(at);
      // The later it starts, the more of those who come are served before; nobody's turn comes for ever.
      for (let step = 0; start > 0 && start < HORIZON_MS && step < STEPS; step++) {
        const later = ahead((client) => demand(client, start));
        if (later <= at) break;
        at = later;
        start = schedule.startOf(at);
      }
      return { at, start };
    };
    const expected = settle(
      ahead((client) => guess(client, NOW)),
      guess,
    );
    const { start: latest } = settle(expected.at, most);
    const answerAt = now() + (expected.start > 0 ? latest + latency.mostMs : 0);
    return { waitMs: expected.start, answerAt, close: schedule.startOf(expected.at + MARGIN) > 0 };
  }

  /**
   * The soonest that a call that waits can be answered, if nobody comes any more who would be served before, and its
   * call is a quick one; undefined when it does not wait, or nobody could make it.
   */
  soonest(item: T, again: Again | undefined): number | undefined {
    const { lanes, queue, latency, now } = this.#options;
    const schedule = lanes.schedule(again, latency.ms, item);
    const elsewhere = new Map<string, number>();
    for (const { client, calls } of lanes.for(again, item)[0]?.window.elsewhere?.() ?? []) {
      elsewhere.set(client, (elsewhere.get(client) ?? 0) + calls);
    }
    const of = (client: string): number => elsewhere.get(client) ?? 0;
    const ahead = queue.aheadOf(item, { clients: elsewhere.keys(), of });
    if (schedule === undefined || ahead === undefined) return undefined;
    return now() + schedule.startOf(ahead) + QUICK_SHARE * latency.ms;
  }

  /** Calls of others that go ahead of a new one in this place, or may when they come. */
  #others(place: Place, again: Again | undefined): ReadonlyMap<string, Demand> {
    const { client, urgency } = place;
    const { lanes, coming, arrivals } = this.#options;
    const now = this.#options.now();
    const periodMs = this.#options.periodMs();
    const demands = new Map<string, Demand>();
    const demandOf = (client: string): Demand => {
      let demand = demands.get(client);
      if (demand === undefined) {
        demand = new Demand((inMs) => coming.expectedBy(client, inMs, now));
        demands.set(client, demand);
      }
      return demand;
    };
    for (const name of coming.clients(now)) demandOf(name);
    // Its own client's later calls come after it.
    for (const name of arrivals.clients(now)) {
      if (name !== client) demandOf(name).perMs += arrivals.perPeriod(name, now) / periodMs;
    }
    // What waits in a process waits for each of its lanes.
    for (const other of lanes.for(again, place)[0]?.window.elsewhere?.() ?? []) {
      const demand = demandOf(other.client);
      const passed = other.client === client && urgency < (other.first[0]?.urgency ?? 0);
      if (!passed) demand.waiting += other.calls;
      if (other.client !== client) demand.perMs += other.arrived / periodMs;
      if (other.coming.length > 0) demand.elsewhere.push(other.coming);
    }
    return demands;
  }
}

/** Before anybody comes. */
const NOW = Number.NEGATIVE_INFINITY;

/** What one client brings beside what waits here. */
class Demand {
  /** Calls that wait elsewhere. */
  waiting = 0;
  /** Calls that it brings. */
  perMs = 0;
  /** Calls that others have told when to come: lists, each soonest first. */
  readonly elsewhere: (readonly Coming[])[] = [];
  readonly #here: (inMs: number) => number;

  /** @param here calls that come here within so many milliseconds, since they have been told to */
  constructor(here: (inMs: number) => number) {
    this.#here = here;
  }

  /** Calls there will have been so many milliseconds from now. */
  by(inMs: number): number {
    if (inMs === NOW) return this.waiting;
    let calls = this.waiting + this.perMs * inMs + this.#here(inMs);
    for (const coming of this.elsewhere) {
      for (const each of coming) {
        if (each.inMs > inMs) break;
        calls += each.calls;
      }
    }
    return calls;
  }
}
