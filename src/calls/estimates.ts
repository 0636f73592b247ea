/**
 * What a call will cost, before anybody has said so: by the bytes of its items, at the rate that was learnt of its model. A model
 * has one tokenizer, but texts of other languages and kinds have other rates, so the latest calls count most, and how far they
 * differed counts, too (the estimator that TCP has for round trips: RFC 6298, section 2).
 */

import { bytesOf, type Item } from './item.ts';

export interface Size {
  readonly items: number;
  /** Of UTF-8, of all items together. */
  readonly bytes: number;
}

interface Rate {
  /** Tokens a byte, on average. */
  readonly mean: number;
  readonly deviation: number;
  /** That it was learnt from. */
  readonly calls: number;
}

/** Until a call has told: the tokens a byte of most texts, and no tokenizer makes more than there are bytes. */
const FIRST_MEAN = 0.3;
const MOST = 1;

/** Beside those of its bytes: an item has a beginning and an end. */
const TOKENS_AN_ITEM = 4;

/** The bytes after which what was learnt before counts half. The first calls count equally. */
const HALF_LIFE_BYTES = 400_000;

/** Deviations from the mean that hardly any call is above. */
const DEVIATIONS = 4;

export class Estimates {
  readonly #rates = new Map<string, Rate>();

  /** What hardly any call of this size costs more than, in the endpoint's billing unit. */
  most(model: string, { items, bytes }: Size): number {
    const { mean, deviation } = this.#rates.get(model) ?? { mean: MOST, deviation: 0 };
    return Math.ceil(items * TOKENS_AN_ITEM + bytes * Math.min(MOST, mean + DEVIATIONS * deviation));
  }

  /** What it costs on average. */
  likely(model: string, { items, bytes }: Size): number {
    return Math.max(items, Math.ceil(bytes * (this.#rates.get(model)?.mean ?? FIRST_MEAN)));
  }

  /** @param spent what the upstream has billed; 0: it has not said */
  learn(model: string, { bytes }: Size, spent: number): void {
    if (!(spent > 0) || bytes === 0) return;
    // A bill that cannot be true must not make every later call look too large.
    const rate = Math.min(MOST, spent / bytes);
    const before = this.#rates.get(model) ?? { mean: rate, deviation: rate / 4, calls: 1 };
    const kept = Math.min(0.5 ** (bytes / HALF_LIFE_BYTES), before.calls / (before.calls + 1));
    this.#rates.set(model, {
      calls: before.calls + 1,
      mean: kept * before.mean + (1 - kept) * rate,
      deviation: kept * before.deviation + (1 - kept) * Math.abs(rate - before.mean),
    });
  }
}

export const sizeOf = (items: readonly Item[]): Size => ({
  items: items.length,
  bytes: items.reduce((sum, item) => sum + bytesOf(item), 0),
});
