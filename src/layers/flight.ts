/**
 * One call for all who ask the same thing at the same time. A flight belongs to nobody: it lasts as long as one
 * member waits, and a member that leaves or runs out of patience only leaves.
 */

import { RerankError, toRerankError } from '../rerank/errors.ts';
import { fromCanonical, type Identity, toCanonical } from '../rerank/identity.ts';
import type { Ask, Layer, Scorer, Scores, Source, Terms } from '../rerank/scoring.ts';

interface Member {
  readonly terms: Terms;
  /** Members ask for the same set of documents, each in an order of its own. */
  readonly identity: Identity;
  readonly settle: (result: { scores: Scores } | { error: RerankError }) => void;
}

interface FlightOptions {
  /** Monotonic milliseconds. */
  readonly now?: () => number;
}

/** Asks that share a key get the same scores under the same rules; `undefined` keeps an ask to itself. */
const sharedKey = ({ identity, cache }: Ask): string | undefined =>
  cache.write
    ? [identity.key, cache.read, cache.forward, cache.maxAgeMs, cache.staleIfError].join(' ')
    : undefined;

const monotonic = (): number => performance.now();

export const flight =
  ({ now = monotonic }: FlightOptions = {}): Layer =>
  (inner) => {
    const flights = new Map<string, Flight>();
    return {
      score(ask) {
        const key = sharedKey(ask);
        let flying = key === undefined ? undefined : flights.get(key);
        if (flying === undefined) {
          flying = new Flight(now, () => {
            if (key !== undefined && flights.get(key) === flying) flights.delete(key);
          });
          if (key !== undefined) flights.set(key, flying);
          const joined = flying.join(ask);
          void flying.fly(inner, ask);
          return joined;
        }
        return flying.join(ask);
      },
    };
  };

class Flight {
  readonly #members = new Set<Member>();
  readonly #cancel = new AbortController();
  readonly #now: () => number;
  readonly #onEnd: () => void;
  #first: Member | undefined;
  #expectedAnswer: number | undefined;

  /** @param onEnd called once no newcomer may join any more, before any member hears */
  constructor(now: () => number, onEnd: () => void) {
    this.#now = now;
    this.#onEnd = onEnd;
  }

  /** The scores, or the error, as one caller gets them; rejects as soon as that caller's own terms are broken. */
  join({ terms, identity }: Ask): Promise<Scores> {
    return new Promise((resolve, reject) => {
      const settle: Member['settle'] = (result) => {
        if (!this.#members.delete(member)) return;
        clearTimeout(timer);
        terms.signal.removeEventListener('abort', onAbort);
        if ('scores' in result) resolve(result.scores);
        else reject(result.error);
      };
      const member: Member = { terms, identity, settle };
      const onAbort = (): void => this.#leave(member, toRerankError(terms.signal.reason));
      const timer = setTimeout(
        () => this.#leave(member, new RerankError('deadline')),
        Math.max(0, terms.deadline - this.#now()),
      );
      this.#members.add(member);
      this.#first ??= member;
      terms.signal.addEventListener('abort', onAbort);
      if (terms.signal.aborted) onAbort();
      else this.#refuseTheImpatient(member);
    });
  }

  /** Makes the call for the members, whoever they are by then. */
  async fly(inner: Scorer, ask: Ask): Promise<void> {
    const onQueued = (expectedAnswer: number): void => {
      this.#expectedAnswer = expectedAnswer;
      for (const member of this.#members) this.#refuseTheImpatient(member);
    };
    try {
      const scores = await inner.score({ ...ask, terms: this.#terms(ask.terms), onQueued });
      this.#onEnd();
      this.#tell(scores, ask.identity);
    } catch (thrown) {
      this.#onEnd();
      const error = toRerankError(thrown);
      for (const member of [...this.#members]) member.settle({ error });
    }
  }

  /** The terms of all members together; live, since members come and go. */
  #terms(initial: Terms): Terms {
    const members = this.#members;
    const signal = this.#cancel.signal;
    return {
      client: initial.client,
      get urgency() {
        return Math.min(7, ...[...members].map(({ terms }) => terms.urgency));
      },
      get deadline() {
        return Math.max(0, ...[...members].map(({ terms }) => terms.deadline));
      },
      signal,
    };
  }

  /** Says at once what waiting would only confirm: the answer comes after this member's deadline. */
  #refuseTheImpatient(member: Member): void {
    const expected = this.#expectedAnswer;
    if (expected === undefined || expected <= member.terms.deadline) return;
    const retryAfterMs = expected - member.terms.deadline;
    this.#leave(member, new RerankError('wait_too_long', undefined, { retryAfterMs }));
  }

  #leave(member: Member, error: RerankError): void {
    member.settle({ error });
    if (this.#members.size > 0) return;
    this.#onEnd();
    this.#cancel.abort(error);
  }

  /** Bills the call on the member that caused it or, when that one has left, on the first that stayed. */
  #tell(scores: Scores, identity: Identity): void {
    const [...members] = this.#members;
    const canonical = toCanonical(scores.values, identity);
    const shared: Scores = {
      ...scores,
      sources: scores.sources.map((source): Source => (source === 'upstream' ? 'joined' : source)),
      searchUnits: 0,
      stored: false,
    };
    members.forEach((member, i) => {
      const own =
        member === this.#first ? scores : { ...shared, values: fromCanonical(canonical, member.identity) };
      member.settle({ scores: i === 0 ? { ...own, searchUnits: scores.searchUnits } : own });
    });
  }
}
