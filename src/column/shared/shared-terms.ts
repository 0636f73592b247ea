/** The terms of all who share one call, taken together. Live: they come and go, and so do their terms. */

import type { Place, Terms } from '../../calls/call.ts';

export class SharedTerms implements Terms {
  readonly client: string;
  readonly signal: AbortSignal;
  readonly #all: () => readonly Terms[];
  readonly #listeners = new Set<(place: Place) => void>();

  /** @param client who has caused the call @param all who share it now */
  constructor(client: string, signal: AbortSignal, all: () => readonly Terms[]) {
    this.client = client;
    this.signal = signal;
    this.#all = all;
  }

  /** Of the most urgent. */
  get urgency(): number {
    return Math.min(7, ...this.#all().map(({ urgency }) => urgency));
  }

  /** Of the most patient: until then somebody wants the answer. */
  get deadline(): number {
    return Math.max(0, ...this.#all().map(({ deadline }) => deadline));
  }

  readonly onNewcomer = (tell: (place: Place) => void): (() => void) => {
    this.#listeners.add(tell);
    return () => this.#listeners.delete(tell);
  };

  /** Tells who listens that somebody has joined. */
  announce(place: Place): void {
    for (const tell of this.#listeners) tell(place);
  }
}
