/**
 * What a call has to expect that takes a place in the queue: the window's rule, run ahead of time over all calls that
 * would be served before, here and in other processes. Those are the calls that wait, and of the calls that come later
 * those that are due sooner: callers that have been told when to come, and other clients in their turns, each of which
 * is taken to go on as it did within the last period.
 */

import type { Again } from '../../rerank/attempt.ts';
import type { Lane, Lanes } from '../lanes/lanes.ts';
import { HORIZON_MS } from '../window/schedule.ts';
import type { Coming } from '../window/window.ts';
import type { Place } from './fair-queue.ts';

export interface Expectation {
  /** Milliseconds until the call would start. */
  readonly waitMs: number;
  /** When its answer should be there; for a call that starts at once, now: no later attempt could be faster. */
  readonly answerAt: number;
  /** It would have to wait, or nearly so: what others do at this moment matters. */
  readonly close: boolean;
}

/** Who would be among the last so many to start at once is not sure to: others may have taken places meanwhile. */
const MARGIN = 8;

/** How often it is looked again who comes meanwhile. By then it makes no difference, or the wait is longer than any. */
const STEPS = 50;

type Counts = ReadonlyMap<string, number>;

export interface OutlookOptions {
  readonly lanes: Lanes<Lane>;
  readonly queue: { ahead(place: Place, expected?: Counts): number };
  /** Calls of each client that have been told when to come, soonest first. */
  readonly coming: (now: number) => ReadonlyMap<string, readonly Coming[]>;
  /** Calls that each client has brought within the last period. */
  readonly arrived: (now: number) => Counts;
  /** @see Arrivals */
  readonly periodMs: () => number;
  /** How long calls last, milliseconds. */
  readonly latency: { readonly ms: number };
  readonly now: () => number;
}

export class Outlook {
  readonly #options: OutlookOptions;

  constructor(options: OutlookOptions) {
    this.#options = options;
  }

  /** Undefined when nobody could make the call. */
  of(place: Place, again: Again | undefined): Expectation | undefined {
    const { lanes, queue, latency, now } = this.#options;
    const { waiting, coming, arrived } = this.#others(place, again);
    const periodMs = this.#options.periodMs();
    /** Calls that would be served before one here that starts so many milliseconds from now. */
    const aheadBy = (inMs: number): number => {
      const counts = new Map(waiting);
      for (const each of coming) if (each.inMs <= inMs) added(counts, each);
      for (const [client, calls] of arrived) added(counts, { client, calls: (calls * inMs) / periodMs });
      return Math.round(queue.ahead(place, counts));
    };
    const schedule = lanes.schedule(again, latency.ms);
    if (schedule === undefined) return undefined;
    let at = queue.ahead(place, waiting);
    let start = schedule.startOf(at);
    // The later it starts, the more of those who come are served before; nobody's turn comes for ever.
    for (let step = 0; start > 0 && start < HORIZON_MS && step < STEPS; step++) {
      const later = aheadBy(start);
      if (later <= at) break;
      at = later;
      start = schedule.startOf(at);
    }
    const answerAt = now() + (start > 0 ? start + latency.ms : 0);
    return { waitMs: start, answerAt, close: schedule.startOf(at + MARGIN) > 0 };
  }

  /** Calls of others that go ahead of a new one in this place, or may when they come. */
  #others({ client, urgency }: Place, again: Again | undefined): Others {
    const now = this.#options.now();
    const waiting = new Map<string, number>();
    const coming = [...this.#options.coming(now)];
    const arrived = new Map(this.#options.arrived(now));
    // What waits in a process waits for each of its lanes.
    for (const other of this.#options.lanes.for(again)[0]?.window.elsewhere?.() ?? []) {
      const passed = other.client === client && urgency < (other.first[0]?.urgency ?? 0);
      added(waiting, { client: other.client, calls: passed ? 0 : other.calls });
      coming.push([other.client, other.coming]);
      if (other.arrived > 0) added(arrived, { client: other.client, calls: other.arrived });
    }
    // Its own client's later calls come after it.
    arrived.delete(client);
    return { waiting, coming: flat(coming), arrived };
  }
}

interface Others {
  readonly waiting: Counts;
  readonly coming: readonly (Coming & { readonly client: string })[];
  readonly arrived: Counts;
}

const flat = (comings: Iterable<readonly [client: string, coming: readonly Coming[]]>): Others['coming'] =>
  [...comings].flatMap(([client, coming]) => coming.map((each) => ({ client, ...each })));

type Count = { readonly client: string; readonly calls: number };

const added = (counts: Map<string, number>, { client, calls }: Count): void => {
  counts.set(client, (counts.get(client) ?? 0) + calls);
};
