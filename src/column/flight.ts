/**
 * Every pair is asked for once, by however many at the same time. An ask waits for those of its pairs that are under
 * way, and starts a flight for the others.
 */

import { DIGEST_WORDS } from '../calls/digests.ts';
import { assemble, type Part } from '../calls/parts.ts';
import { type Ask, type Layer, type Scores, subAsk } from '../calls/scoring.ts';
import { Flight } from './flight/flight.ts';
import { Passenger } from './flight/passenger.ts';

export interface FlightOptions {
  /** Monotonic milliseconds. */
  readonly now?: () => number;
}

/** Asks that share a key get the same scores under the same rules; `undefined` keeps an ask to itself. */
export const sharedKey = ({ identity, cache }: Ask): string | undefined =>
  cache.write
    ? [identity.question, cache.read, cache.forward, cache.maxAgeMs, cache.staleIfError].join(' ')
    : undefined;

const monotonic = (): number => performance.now();

/** Places of an ask that one flight brings, and which they are there. */
interface Boarding {
  readonly flight: Flight;
  readonly places: number[];
  readonly seats: number[];
}

export const flight =
  ({ now = monotonic }: FlightOptions = {}): Layer =>
  (inner) => {
    const underWay = new Map<string, Set<Flight>>();

    const take = (key: string | undefined, ask: Ask): Flight => {
      const flights = key === undefined ? undefined : (underWay.get(key) ?? new Set());
      const flight = new Flight(ask, () => {
        if (key === undefined || !flights?.delete(flight)) return;
        if (flights.size === 0 && underWay.get(key) === flights) underWay.delete(key);
      });
      if (key !== undefined && flights !== undefined) underWay.set(key, flights.add(flight));
      return flight;
    };

    const score = (ask: Ask): Promise<Scores> => {
      const key = sharedKey(ask);
      const { boardings, rest } = board(ask, key === undefined ? [] : (underWay.get(key) ?? []));
      const own = rest.length === 0 ? undefined : take(key, boardings.length === 0 ? ask : subAsk(ask, rest));
      if (own !== undefined) boardings.push({ flight: own, places: rest, seats: [...rest.keys()] });
      const askAlone = (refused: Flight): Promise<Scores> => {
        const { places } = boardings.find(({ flight }) => flight === refused)!;
        return score({ ...subAsk(ask, places), alone: true });
      };
      const scores = new Passenger(ask.terms, { now, askAlone }).travel(
        boardings.map(({ flight, seats }) => ({ flight, seats })),
      );
      // Last, since it may be over at once: by then whoever it is for must be waiting.
      if (own !== undefined) void own.fly(inner);
      return scores.then((parts) => whole(ask, boardings, parts));
    };
    return { score };
  };

/** Which flights bring which documents of an ask, and which documents none does. */
const board = (ask: Ask, flights: Iterable<Flight>): { boardings: Boarding[]; rest: number[] } => {
  const boardings = [...flights].map((flight): Boarding => ({ flight, places: [], seats: [] }));
  const rest: number[] = [];
  const { words, count } = ask.identity.digests;
  for (let place = 0; place < count; place++) {
    let seat = -1;
    const boarding = boardings.find(({ flight }) => {
      seat = flight.seatOf(words, DIGEST_WORDS * place);
      return seat >= 0;
    });
    if (boarding === undefined) rest.push(place);
    else {
      boarding.places.push(place);
      boarding.seats.push(seat);
    }
  }
  return { boardings: boardings.filter(({ places }) => places.length > 0), rest };
};

const whole = (ask: Ask, boardings: readonly Boarding[], parts: readonly Scores[]): Scores =>
  assemble(
    ask.documents.length,
    parts.map((scores, i): Part => ({ places: boardings[i]!.places, scores })),
  );
