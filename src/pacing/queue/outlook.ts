/**
 * What a call has to expect that takes a place in the queue: the window's rule, run ahead of time over all calls that
 * would be served before, here and in other processes.
 */

import type { Again } from '../../rerank/attempt.ts';
import type { Lane, Lanes } from '../lanes/lanes.ts';
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

type Counts = ReadonlyMap<string, number>;
type Comings = Iterable<readonly [client: string, coming: readonly Coming[]]>;

export interface OutlookOptions {
  readonly lanes: Lanes<Lane>;
  readonly queue: { ahead(place: Place, expected?: Counts): number };
  /** Calls of each client that have been told when to come, soonest first. */
  readonly coming: (now: number) => Comings;
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
    const { lanes, queue, coming, latency, now } = this.#options;
    const elsewhere = this.#elsewhere(place, again);
    const ahead = new Map(elsewhere.waiting);
    const before = queue.ahead(place, ahead);
    const comings = inOrder([...coming(now()), ...elsewhere.coming]);
    const most = Math.round(queue.ahead(place, comings.reduce(added, new Map(ahead))));
    const starts = lanes.starts(again, Math.max(before, most) + 1 + MARGIN, latency.ms);
    let [at, start] = [before, starts[before]];
    if (start === undefined) return undefined;
    // A place goes to whoever has been told to come before it is free, and is not kept for who comes later.
    for (
      let next = 0;
      start > 0 && next < comings.length && comings[next]!.inMs <= start;
      start = starts[at]!
    ) {
      for (; next < comings.length && comings[next]!.inMs <= start; next++) added(ahead, comings[next]!);
      at = Math.round(queue.ahead(place, ahead));
    }
    const answerAt = now() + (start > 0 ? start + latency.ms : 0);
    return { waitMs: start, answerAt, close: starts[at + MARGIN]! > 0 };
  }

  /** Calls of each client in other processes that wait ahead of a new one in this place, and those that come. */
  #elsewhere({ client, urgency }: Place, again: Again | undefined): { waiting: Counts; coming: Comings } {
    const waiting = new Map<string, number>();
    const coming: [string, readonly Coming[]][] = [];
    // What waits in a process waits for each of its lanes.
    for (const other of this.#options.lanes.for(again)[0]?.window.elsewhere?.() ?? []) {
      const passed = other.client === client && urgency < (other.first[0]?.urgency ?? 0);
      added(waiting, { client: other.client, calls: passed ? 0 : other.calls });
      coming.push([other.client, other.coming]);
    }
    return { waiting, coming };
  }
}

const inOrder = (comings: Comings): (Coming & { readonly client: string })[] =>
  [...comings]
    .flatMap(([client, coming]) => coming.map((each) => ({ client, ...each })))
    .sort((a, b) => a.inMs - b.inMs);

type Count = { readonly client: string; readonly calls: number };

const added = (counts: Map<string, number>, { client, calls }: Count): Map<string, number> =>
  counts.set(client, (counts.get(client) ?? 0) + calls);
