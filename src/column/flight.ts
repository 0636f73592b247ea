/**
 * Sends each item once, however many calls want it at the same time. A call joins the flights that already carry some of
 * its items, and starts a flight for the others.
 */

import { type ItemCall, type ItemLayer, type ItemReply, subCall } from '../calls/call.ts';
import { DIGEST_WORDS, type Digests } from '../calls/digests.ts';
import { assemble, places as placesOf } from '../calls/parts.ts';
import type { Values } from '../calls/values.ts';
import { Flight } from './shared/flight.ts';
import { type Booking, Waiter } from './shared/waiter.ts';

export interface FlightOptions {
  /** Monotonic milliseconds. */
  readonly now?: () => number;
}

/** Calls with the same key may share values: same question, same cache directives. Undefined: the call shares nothing. */
export const sharedKey = ({ identity, cache }: ItemCall): string | undefined =>
  cache.write
    ? [identity.question, cache.read, cache.forward, cache.maxAgeMs, cache.staleIfError].join(' ')
    : undefined;

const monotonic = (): number => performance.now();

/** Items of a call that one flight carries: their indices in the call (`places`) and in the flight (`indices`). */
interface Share<V extends Values> {
  readonly flight: Flight<V>;
  readonly places: number[];
  readonly indices: number[];
}

export const flight =
  <V extends Values = Float64Array>({ now = monotonic }: FlightOptions = {}): ItemLayer<V> =>
  (inner) => {
    const underWay = new Map<string, Set<Flight<V>>>();

    const start = (key: string | undefined, call: ItemCall): Flight<V> => {
      const flights = key === undefined ? undefined : (underWay.get(key) ?? new Set());
      const flight = new Flight<V>(call, () => {
        if (key === undefined || !flights?.delete(flight)) return;
        if (flights.size === 0 && underWay.get(key) === flights) underWay.delete(key);
      });
      if (key !== undefined && flights !== undefined) underWay.set(key, flights.add(flight));
      return flight;
    };

    const answer = (call: ItemCall): Promise<ItemReply<V>> => {
      const key = sharedKey(call);
      const { shares, rest } = divide(call, key === undefined ? [] : (underWay.get(key) ?? []));
      const own =
        rest.length === 0 ? undefined : start(key, shares.length === 0 ? call : subCall(call, rest));
      if (own !== undefined) shares.push({ flight: own, places: rest, indices: placesOf(rest.length) });
      const bookings = shares.map(
        ({ flight, places, indices }): Booking<V> => ({
          flight,
          indices,
          askAlone: () => answer({ ...subCall(call, places), alone: true }),
        }),
      );
      const replies = new Waiter({ terms: call.terms, bookings, now }).wait();
      // Last: the flight may end at once, and its caller must be waiting by then.
      if (own !== undefined) void own.fly(inner);
      return replies.then((all) =>
        assemble(
          call.items.length,
          all.map((reply, i) => ({ places: shares[i]!.places, reply })),
        ),
      );
    };
    return { answer };
  };

/** Which flights carry which items of a call, the first that has each, and which items no flight carries. */
const divide = <V extends Values>(
  call: ItemCall,
  flights: Iterable<Flight<V>>,
): { shares: Share<V>[]; rest: number[] } => {
  const { digests } = call.identity;
  const places = placesOf(digests.count);
  const carried = new Set<number>();
  const shares: Share<V>[] = [];
  for (const flight of flights) {
    const share: Share<V> = { flight, places: [], indices: [] };
    common(digests, flight.digests, (place, index) => {
      if (carried.has(place)) return;
      carried.add(place);
      share.places.push(place);
      share.indices.push(index);
    });
    if (share.places.length > 0) shares.push(share);
  }
  return { shares, rest: carried.size === 0 ? places : places.filter((place) => !carried.has(place)) };
};

/** Indices of items that two lists have in common. The shorter is gone through: there may be a thousand flights of one item. */
const common = (one: Digests, other: Digests, found: (inOne: number, inOther: number) => void): void => {
  if (one.count > other.count) {
    common(other, one, (inOther, inOne) => found(inOne, inOther));
    return;
  }
  for (let i = 0; i < one.count; i++) {
    const j = other.indexOf(one.words, DIGEST_WORDS * i);
    if (j >= 0) found(i, j);
  }
};
