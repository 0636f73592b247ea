/** One call for all who wait for any of its items. Whoever asks for some of them while it is under way joins it. */

import type { ItemCall, ItemService } from '../../calls/call.ts';
import { isAboutContent, type RerankError } from '../../calls/errors.ts';
import type { Values } from '../../calls/values.ts';
import { type Member, SharedCall } from './shared-call.ts';

/** Somebody who waits for some of a flight's items. */
export interface Joiner<V extends Values> extends Member<V> {
  /** Which of the flight's items. */
  readonly indices: readonly number[];
  /** The flight was refused for what it held, which was not all this one's: whose fault it was is open. */
  askAlone(): void;
}

export class Flight<V extends Values> {
  readonly #call: ItemCall;
  readonly #shared: SharedCall<V, Joiner<V>>;

  /** @param onEnd called once nobody may join any more, before anybody hears */
  constructor(call: ItemCall, onEnd: () => void) {
    this.#call = call;
    this.#shared = new SharedCall(call.terms.client, onEnd);
  }

  /** Which of the flight's items has the digest that begins at `at` of these words; −1: none. */
  indexOf(words: Uint32Array, at: number): number {
    return this.#call.identity.digests.indexOf(words, at);
  }

  join(joiner: Joiner<V>): void {
    this.#shared.join(joiner);
  }

  leave(joiner: Joiner<V>, reason: RerankError): void {
    this.#shared.leave(joiner, reason);
  }

  /** Makes the call, for whoever waits by the time that the answer is there. */
  fly(inner: ItemService<V>): Promise<void> {
    return this.#shared.make(inner, this.#call, {
      done: (reply) => this.#shared.deliver(reply, ({ indices }) => indices),
      failed: (error) => this.#refuse(error),
    });
  }

  /** What is said of the flight's items is said to those whose items they all are, and to nobody else. */
  #refuse(error: RerankError): void {
    for (const joiner of this.#shared.members) {
      if (isAboutContent(error) && joiner.indices.length < this.#call.items.length) joiner.askAlone();
      else joiner.reject(error);
    }
  }
}
