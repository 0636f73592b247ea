/** The combined terms of all members of a shared call. Computed at each read, since members join and leave. */

import type { Place, Terms } from '../../calls/call.ts';
import type { Cancellation } from '../../calls/cancellation.ts';

export class SharedTerms implements Terms {
  readonly client: string;
  readonly signal: Cancellation;
  readonly #all: () => readonly Terms[];
  readonly #listeners = new Set<(place: Place) => void>();

  /** @param client the client that causes the call @param all the terms of the present members */
  constructor(client: string, signal: Cancellation, all: () => readonly Terms[]) {
    this.client = client;
    this.signal = signal;
    this.#all = all;
  }

  /** That of the most urgent member. */
  get urgency(): number {
    return Math.min(7, ...this.#all().map(({ urgency }) => urgency));
  }

  /** That of the most patient member: until then somebody wants the answer. */
  get deadline(): number {
    return Math.max(0, ...this.#all().map(({ deadline }) => deadline));
  }

  readonly onNewcomer = (listener: (place: Place) => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Calls the listeners when a member has joined. */
  announce(place: Place): void {
    for (const listener of this.#listeners) listener(place);
  }
}
