/**
 * One call made of several about the same question, each with items of its own. Calls join it until its permit is granted.
 */

import type { ItemCall, ItemReply, ItemService, Place } from '../../calls/call.ts';
import { concatenate } from '../../calls/digests.ts';
import type { PerCall } from '../../calls/endpoint.ts';
import { isAboutContent, toRerankError } from '../../calls/errors.ts';
import { bytesOf, type Item } from '../../calls/item.ts';
import type { Values } from '../../calls/values.ts';
import { type Member, SharedCall } from './shared-call.ts';

interface Contributor<V extends Values> extends Member<V> {
  readonly call: ItemCall;
}

export class Batch<V extends Values> {
  readonly #first: ItemCall;
  readonly #onClose: () => void;
  readonly #shared: SharedCall<V, Contributor<V>>;
  /** The number of all contributors' items, and their UTF-8 bytes. */
  #items = 0;
  #bytes = 0;
  /** Removes the listeners of each contributor. */
  readonly #forget = new Map<Contributor<V>, () => void>();
  /** The contributors whose items the latest attempt holds. */
  #sealed: readonly Contributor<V>[] | undefined;

  /** @param onClose called when nobody may join any more */
  constructor(first: ItemCall, onClose: () => void) {
    this.#first = first;
    this.#onClose = onClose;
    this.#shared = new SharedCall(first.terms.client, onClose);
  }

  /** How many of a call's items fit, from the first on. */
  roomFor({ items }: ItemCall, most: PerCall): number {
    let bytes = this.#bytes;
    const end = items.findIndex((item, i) => {
      bytes += bytesOf(item);
      return this.#items + i >= most.items || bytes > most.bytes;
    });
    return end < 0 ? items.length : end;
  }

  join(call: ItemCall): Promise<ItemReply<V>> {
    return new Promise((resolve, reject) => {
      const { terms } = call;
      const over =
        <T>(settle: (outcome: T) => void) =>
        (outcome: T): void => {
          this.#part(contributor);
          settle(outcome);
        };
      const contributor: Contributor<V> = {
        call,
        terms,
        expect: (answerAt) => call.onQueued?.(answerAt),
        resolve: over(resolve),
        reject: over(reject),
      };
      const onAbort = (): void => {
        const reason = toRerankError(terms.signal.reason);
        if (this.#shared.leave(contributor, reason)) contributor.reject(reason);
      };
      const unsubscribe = terms.onNewcomer?.((place: Place) => this.#shared.terms.announce(place));
      this.#forget.set(contributor, () => {
        unsubscribe?.();
        terms.signal.removeEventListener('abort', onAbort);
      });
      terms.signal.addEventListener('abort', onAbort, { once: true });
      this.#items += call.items.length;
      this.#bytes += sizeOf(call.items);
      this.#shared.join(contributor);
      if (terms.signal.aborted) onAbort();
    });
  }

  /** Makes the call, for the contributors that wait when its permit is granted. */
  run(inner: ItemService<V>): Promise<void> {
    return this.#shared.make(
      inner,
      {
        ...this.#first,
        size: () => ({ items: this.#items, bytes: this.#bytes }),
        seal: () => this.#seal(),
      },
      {
        done: (reply) => this.#deliver(reply),
        failed: (error) => {
          if (isAboutContent(error) && (this.#sealed?.length ?? 1) > 1) this.#fallApart(inner);
          else for (const contributor of this.#leaving()) contributor.reject(error);
        },
      },
    );
  }

  /** Makes two calls for the halves of those that still wait. Nobody can join them. */
  #fallApart(inner: ItemService<V>): void {
    const contributors = this.#leaving();
    const middle = Math.ceil(contributors.length / 2);
    for (const half of [contributors.slice(0, middle), contributors.slice(middle)]) {
      if (half.length === 0) continue;
      const batch = new Batch<V>(half[0]!.call, () => {});
      for (const { call, resolve, reject } of half) batch.join(call).then(resolve, reject);
      void batch.run(inner);
    }
  }

  /** Closes the batch. Every attempt holds the items of the contributors that wait when its permit is granted. */
  #seal(): Pick<ItemCall, 'items' | 'identity'> {
    this.#onClose();
    this.#sealed = this.#shared.members;
    const calls = this.#sealed.map(({ call }) => call);
    const digests = concatenate(calls.map(({ identity }) => identity.digests));
    return {
      items: calls.flatMap(({ items }) => items),
      identity: { ...this.#first.identity, digests },
    };
  }

  #deliver(reply: ItemReply<V>): void {
    const places = new Map<Contributor<V>, readonly number[]>();
    let at = 0;
    for (const contributor of this.#sealed ?? this.#shared.members) {
      const first = at;
      places.set(
        contributor,
        contributor.call.items.map((_, i) => first + i),
      );
      at += contributor.call.items.length;
    }
    this.#shared.deliver(reply, (contributor) => places.get(contributor)!);
  }

  /** Removes the contributors that still wait from this call, and returns them. */
  #leaving(): readonly Contributor<V>[] {
    const all = this.#shared.members;
    for (const contributor of all) {
      this.#shared.release(contributor);
      this.#part(contributor);
    }
    return all;
  }

  /** Stops counting the contributor's items, and removes its listeners. */
  #part(contributor: Contributor<V>): void {
    const forget = this.#forget.get(contributor);
    if (forget === undefined) return;
    this.#forget.delete(contributor);
    forget();
    this.#items -= contributor.call.items.length;
    this.#bytes -= sizeOf(contributor.call.items);
  }
}

const sizeOf = (items: readonly Item[]): number => items.reduce((sum, item) => sum + bytesOf(item), 0);
