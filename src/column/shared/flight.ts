/** One call for all that wait for any of its items. Calls for some of these items join it while it is under way. */

import type { ItemCall, ItemService } from '../../calls/call.ts';
import type { Digests } from '../../calls/digests.ts';
import { isAboutContent, type RerankError } from '../../calls/errors.ts';
import type { Values } from '../../calls/values.ts';
import { type Member, SharedCall } from './shared-call.ts';

/** A caller that waits for some of a flight's items. */
export interface Joiner<V extends Values> extends Member<V> {
  /** Indices of those items in the flight. */
  readonly indices: readonly number[];
  /** Called when the flight was refused for its content, of which only a part was this caller's: only a call of its own can tell. */
  askAlone(): void;
}

export class Flight<V extends Values> {
  readonly #call: ItemCall;
  readonly #shared: SharedCall<V, Joiner<V>>;

  /** @param onEnd called when nobody may join any more, before any joiner has its reply */
  constructor(call: ItemCall, onEnd: () => void) {
    this.#call = call;
    this.#shared = new SharedCall(call.terms.client, onEnd);
  }

  /** Of its items. */
  get digests(): Digests {
    return this.#call.identity.digests;
  }

  join(joiner: Joiner<V>): void {
    this.#shared.join(joiner);
  }

  leave(joiner: Joiner<V>, reason: RerankError): void {
    this.#shared.leave(joiner, reason);
  }

  /** Makes the call, for the joiners that wait when the answer arrives. */
  fly(inner: ItemService<V>): Promise<void> {
    return this.#shared.make(inner, this.#call, {
      done: (reply) => this.#shared.deliver(reply, ({ indices }) => indices),
      failed: (error) => this.#refuse(error),
    });
  }

  /** A refusal for the flight's content is passed only to joiners that wait for all of its items; others call again alone. */
  #refuse(error: RerankError): void {
    for (const joiner of this.#shared.members) {
      if (isAboutContent(error) && joiner.indices.length < this.#call.items.length) joiner.askAlone();
      else joiner.reject(error);
    }
  }
}
