/**
 * One call that is made for several. It belongs to none of them: it lasts as long as one of them waits, on the terms of all,
 * and is cancelled with the last. What it costs is billed on one.
 */

import type { ItemCall, ItemReply, ItemService, Terms } from '../../calls/call.ts';
import { type RerankError, toRerankError } from '../../calls/errors.ts';
import { joined, partOf } from '../../calls/parts.ts';
import type { Values } from '../../calls/values.ts';
import { SharedTerms } from './shared-terms.ts';

/** Somebody who waits for some of the call's items. */
export interface Member<V extends Values> {
  readonly terms: Terms;
  /** Told when the answer should be there (monotonic ms), again whenever that changes. */
  expect(answerAt: number): void;
  resolve(reply: ItemReply<V>): void;
  reject(error: RerankError): void;
}

export class SharedCall<V extends Values, M extends Member<V>> {
  readonly terms: SharedTerms;
  readonly #onClose: () => void;
  readonly #cancel = new AbortController();
  readonly #members = new Set<M>();
  #cause: M | undefined;
  #expectedAnswer: number | undefined;

  /**
   * @param client who has caused it
   * @param onClose called once nobody may join any more, before anybody hears of the end; perhaps more than once
   */
  constructor(client: string, onClose: () => void) {
    this.#onClose = onClose;
    this.terms = new SharedTerms(client, this.#cancel.signal, () =>
      [...this.#members].map(({ terms }) => terms),
    );
  }

  /** Who waits now; the first is who has caused it, unless that one has left. */
  get members(): readonly M[] {
    return [...this.#members];
  }

  get isCancelled(): boolean {
    return this.#cancel.signal.aborted;
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

  /** The member waits no longer for this call, which goes on for others or is over. */
  release(member: M): void {
    this.#members.delete(member);
  }

  /** Makes the call. Never rejects: what goes wrong is passed to `failed`, once nobody may join any more. */
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
   * Gives those who wait their parts, and bills what the call cost on whoever has caused it or, when that one has left, on the
   * first who stayed.
   * @param placesOf a member's items among those of the reply
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
