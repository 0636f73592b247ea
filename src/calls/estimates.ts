/**
 * What a call will cost, before anybody has said so: by the bytes of its items, at the rate that was learnt of its model. A model
 * has one tokenizer, but texts of other languages and kinds have other rates, so the latest calls count most.
 */

import { bytesOf, type Item } from './item.ts';

export interface Size {
  readonly items: number;
  /** Of UTF-8, of all items together. */
  readonly bytes: number;
}

/** Until a call has told: a token for every other byte, which few texts need. */
const FIRST_RATE = 0.5;

/** The bytes after which what was learnt before counts half. */
const HALF_LIFE_BYTES = 100_000;

export class Estimates {
  readonly #rates = new Map<string, number>();

  /** Of a call of this size, in the endpoint's billing unit; more rather than less. */
  of(model: string, { items, bytes }: Size): number {
    // An item costs something, however short it is.
    return Math.max(items, Math.ceil(bytes * (this.#rates.get(model) ?? FIRST_RATE)));
  }

  /** @param spent what the upstream has billed; 0: it has not said */
  learn(model: string, { bytes }: Size, spent: number): void {
    if (!(spent > 0) || bytes === 0) return;
    const rate = spent / bytes;
    const before = this.#rates.get(model) ?? rate;
    const kept = 0.5 ** (bytes / HALF_LIFE_BYTES);
    this.#rates.set(model, kept * before + (1 - kept) * rate);
  }
}

export const sizeOf = (items: readonly Item[]): Size => ({
  items: items.length,
  bytes: items.reduce((sum, item) => sum + bytesOf(item), 0),
});
