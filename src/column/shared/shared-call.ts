/**
 * One call made for several members. It belongs to none of them: it goes on as long as one of them waits, on the combined
 * terms of all, and is cancelled when the last one leaves. Its cost is billed to one of them.
 */

import type { ItemCall, ItemReply, ItemService, Terms } from '../../calls/call.ts';
import { Canceller } from '../../calls/cancellation.ts';
import { type RerankError, toRerankError } from '../../calls/errors.ts';
import { joined, partOf } from '../../calls/parts.ts';
import type { Values } from '../../calls/values.ts';
import { SharedTerms } from './shared-terms.ts';

/** A caller that waits for some of the call's items. */
export interface Member<V extends Values> {
  readonly terms: Terms;
  /** Called with the time at which the answer is expected (monotonic ms), again whenever that changes. */
  expect(answerAt: number): void;
  resolve(reply: ItemReply<V>): void;
  reject(error: RerankError): void;
}

export class SharedCall<V extends Values, M extends Member<V>> {
  readonly terms: SharedTerms;
  readonly #onClose: () => void;
  readonly #cancel = new Canceller();
  readonly #members = new Set<M>();
  #cause: M | undefined;
  #expectedAnswer: number | undefined;

  /**
   * @param client the client that causes the call
   * @param onClose called when nobody may join any more, before any member hears of the end; perhaps more than once
   */
  constructor(client: string, onClose: () => void) {
    this.#onClose = onClose;
    this.terms = new SharedTerms(client, this.#cancel, () => [...this.#members].map(({ terms }) => terms));
  }

  /** The members that wait now; the first is the one that caused the call, unless it has left. */
  get members(): readonly M[] {
    return [...this.#members];
  }

  get isCancelled(): boolean {
    return this.#cancel.aborted;
  }

  join(member: M): void {
    this.#members.add(member);
    this.#cause ??= member;
    this.terms.announce(member.terms);
    if (this.#expectedAnswer !== undefined) member.expect(this.#expectedAnswer);
  }

  /** @returns whether the member still waited */
  leave(member: M, reason: RerankError): boolean {
    if (!this.#members.delete(member)) return false;
    if (this.#members.size === 0) {
      this.#onClose();
      this.#cancel.abort(reason);
    }
    return true;
  }

  /** Removes a member without cancelling the call, which goes on for others or is over. */
  release(member: M): void {
    this.#members.delete(member);
  }

  /** Makes the call. Never rejects: an error is passed to `failed`, when nobody may join any more. */
  async make(
    inner: ItemService<V>,
    call: ItemCall,
    { done, failed }: { done: (reply: ItemReply<V>) => void; failed: (error: RerankError) => void },
  ): Promise<void> {
    if (this.isCancelled) return;
    const onQueued = (expectedAnswer: number): void => {
      this.#expectedAnswer = expectedAnswer;
      for (const member of this.members) member.expect(expectedAnswer);
    };
    try {
      const reply = await inner.answer({ ...call, terms: this.terms, onQueued });
      this.#onClose();
      done(reply);
    } catch (thrown) {
      this.#onClose();
      failed(toRerankError(thrown));
    }
  }

  /**
   * Gives each member its part of the reply. The cost is billed to the member that caused the call or, if it has left, to the
   * first one that stayed.
   * @param placesOf indices of a member's items in the reply
   */
  deliver(reply: ItemReply<V>, placesOf: (member: M) => readonly number[]): void {
    const shared = joined(reply);
    for (const [i, member] of this.members.entries()) {
      const own = member === this.#cause ? reply : shared;
      this.release(member);
      member.resolve(partOf(own, placesOf(member), i === 0 ? reply.spent : 0));
    }
  }
}
