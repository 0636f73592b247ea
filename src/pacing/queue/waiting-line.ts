/** What the other processes are told that a lane has to serve in this one. */

import { lineOf } from '../window/line.ts';
import type { Coming, Line } from '../window/window.ts';
import type { Place } from './fair-queue.ts';

interface Calls extends Place {
  /** When it began to wait, monotonic milliseconds. */
  readonly since: number;
}

export interface WaitingLineOptions<T extends Calls> {
  readonly queue: { clients(): Iterable<readonly [client: string, items: readonly T[]]> };
  /** Calls that are not in the queue yet. */
  readonly arriving: Iterable<Calls>;
  /** Callers that have been told when to come back. */
  readonly appointments: {
    clients(now: number): Iterable<string>;
    expected(client: string, now: number): Coming[];
  };
  /** Calls that clients have brought of late. */
  readonly arrivals: {
    clients(now: number): Iterable<string>;
    perPeriod(client: string, now: number): number;
  };
  readonly weightOf: (client: string) => number;
}

/** @param fits whether the lane may serve a call that waits */
export const waitingLine = <T extends Calls>(
  { queue, arriving, appointments, arrivals, weightOf }: WaitingLineOptions<T>,
  fits: (item: T) => boolean,
  now: number,
): Line => {
  const waiting = new Map<string, Calls[]>();
  for (const [client, items] of queue.clients()) waiting.set(client, items.filter(fits));
  for (const arrival of arriving) {
    waiting.set(arrival.client, [...(waiting.get(arrival.client) ?? []), arrival]);
  }
  const others = [...appointments.clients(now), ...arrivals.clients(now)];
  const coming = (client: string): Coming[] => appointments.expected(client, now);
  const arrived = (client: string): number => arrivals.perPeriod(client, now);
  return lineOf({ waiting, others, coming, arrived, weightOf }, now);
};
