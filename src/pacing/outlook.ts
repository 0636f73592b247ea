/**
 * What a call has to expect that takes a place in the queue: the window's rule, run ahead of time over all calls that
 * would be served before, here and in other processes.
 */

import type { Again } from '../rerank/attempt.ts';
import type { Place } from './fair-queue.ts';
import type { Lane, Lanes } from './lanes.ts';

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

type Counts = ReadonlyMap<string, number>;

export interface OutlookOptions {
  readonly lanes: Lanes<Lane>;
  readonly queue: { ahead(place: Place, expected?: Counts): number };
  /** Calls of each client that have been told when to come. */
  readonly promised: (now: number) => Counts;
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
    const { lanes, queue, promised, latency, now } = this.#options;
    const elsewhere = this.#elsewhere(place, again);
    const before = queue.ahead(place, elsewhere.waiting);
    const expected = sum(elsewhere.waiting, elsewhere.promised, promised(now()));
    const beforeThem = Math.round(queue.ahead(place, expected));
    const starts = lanes.starts(again, Math.max(before, beforeThem) + 1 + MARGIN, latency.ms);
    const [start, startWithoutThem] = [starts[beforeThem], starts[before]];
    if (start === undefined || startWithoutThem === undefined) return undefined;
    // A place that is free now is not kept free for who may come.
    const waitMs = startWithoutThem > 0 ? start : 0;
    const answerAt = now() + (waitMs > 0 ? waitMs + latency.ms : 0);
    return { waitMs, answerAt, close: starts[beforeThem + MARGIN]! > 0 };
  }

  /** Calls of each client in other processes that wait, or are promised, ahead of a new one in this place. */
  #elsewhere({ client, urgency }: Place, again: Again | undefined): { waiting: Counts; promised: Counts } {
    const [waiting, promised] = [new Map<string, number>(), new Map<string, number>()];
    // What waits in a process waits for each of its lanes.
    for (const other of this.#options.lanes.for(again)[0]?.window.elsewhere?.() ?? []) {
      const passed = other.client === client && urgency < (other.first[0]?.urgency ?? 0);
      add(waiting, other.client, passed ? 0 : other.calls);
      add(promised, other.client, other.promised);
    }
    return { waiting, promised };
  }
}

const add = (counts: Map<string, number>, client: string, count: number): void => {
  counts.set(client, (counts.get(client) ?? 0) + count);
};

const sum = (...all: readonly Counts[]): Counts => {
  const total = new Map<string, number>();
  for (const counts of all) for (const [client, count] of counts) add(total, client, count);
  return total;
};
