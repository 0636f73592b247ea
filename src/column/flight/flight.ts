/**
 * One ask made for all who wait for any of its pairs. A flight belongs to nobody: it lasts as long as one passenger
 * waits, and a passenger that leaves or runs out of patience only leaves.
 */

import { isAboutContent, type RerankError, toRerankError } from '../../calls/errors.ts';
import { joined, partOf } from '../../calls/parts.ts';
import type { Ask, Scorer, Scores, Terms } from '../../calls/scoring.ts';
import { SharedTerms } from '../../calls/shared-terms.ts';

/** Somebody who waits for some of a flight's pairs. */
export interface Traveller {
  readonly terms: Terms;
  /** Told when the answer should be there (monotonic ms), again whenever that changes. */
  expect(answerAt: number, flight: Flight): void;
  land(flight: Flight, scores: Scores): void;
  fail(error: RerankError): void;
  /** The flight was refused for what it held, which was not all this traveller's: whose fault it was is open. */
  askAlone(flight: Flight): void;
}

export class Flight {
  readonly #ask: Ask;
  readonly #onEnd: () => void;
  readonly #cancel = new AbortController();
  readonly #terms: SharedTerms;
  /** Who waits, and for which of the documents. The first one is who has caused it. */
  readonly #travellers = new Map<Traveller, readonly number[]>();
  #cause: Traveller | undefined;
  #expectedAnswer: number | undefined;

  /** @param onEnd called once nobody may join any more, before anybody hears */
  constructor(ask: Ask, onEnd: () => void) {
    this.#ask = ask;
    this.#onEnd = onEnd;
    this.#terms = new SharedTerms(ask.terms.client, this.#cancel.signal, () =>
      [...this.#travellers.keys()].map(({ terms }) => terms),
    );
  }

  /** Which of the flight's documents has the digest that begins at `at` of these words; −1: none. */
  seatOf(words: Uint32Array, at: number): number {
    return this.#ask.identity.digests.indexOf(words, at);
  }

  /** @param seats which of the flight's documents are waited for */
  join(traveller: Traveller, seats: readonly number[]): void {
    this.#travellers.set(traveller, seats);
    this.#cause ??= traveller;
    this.#terms.announce(traveller.terms);
    if (this.#expectedAnswer !== undefined) traveller.expect(this.#expectedAnswer, this);
  }

  leave(traveller: Traveller, reason: RerankError): void {
    if (!this.#travellers.delete(traveller) || this.#travellers.size > 0) return;
    this.#onEnd();
    this.#cancel.abort(reason);
  }

  /** Asks, for whoever waits by the time that the answer is there. */
  async fly(inner: Scorer): Promise<void> {
    if (this.#cancel.signal.aborted) return;
    const onQueued = (expectedAnswer: number): void => {
      this.#expectedAnswer = expectedAnswer;
      for (const traveller of [...this.#travellers.keys()]) traveller.expect(expectedAnswer, this);
    };
    try {
      const scores = await inner.score({ ...this.#ask, terms: this.#terms, onQueued });
      this.#onEnd();
      this.#tell(scores);
    } catch (thrown) {
      this.#onEnd();
      this.#refuse(toRerankError(thrown));
    }
  }

  /** What is said of the flight's documents is said to those whose documents they all are, and to nobody else. */
  #refuse(error: RerankError): void {
    for (const [traveller, seats] of [...this.#travellers]) {
      if (isAboutContent(error) && seats.length < this.#ask.documents.length) traveller.askAlone(this);
      else traveller.fail(error);
    }
  }

  /** Bills what it cost on whoever has caused it or, when that one has left, on the first who stayed. */
  #tell(scores: Scores): void {
    const shared = joined(scores);
    const [...travellers] = this.#travellers;
    for (const [i, [traveller, seats]] of travellers.entries()) {
      const own = traveller === this.#cause ? scores : shared;
      traveller.land(this, partOf(own, seats, i === 0 ? scores.searchUnits : 0));
    }
  }
}
