/**
 * The budget of bytes that a process holds for its requests: bodies that arrive, are parsed and wait, and the upstream
 * bodies that are made of them. A body that would exceed it is refused before it is read.
 *
 * A part of the budget is reserved for small bodies: hits of a few kilobytes are answered while a few services upload
 * megabytes.
 */

import { RerankError } from './errors.ts';

/** Bodies up to this size are small. Hundreds of documents of a few hundred bytes each are. */
export const SMALL_BYTES = 64 * 1024;

/** Part of the budget that only small bodies may take. */
export const SMALL_SHARE = 1 / 8;

/** When to try again, milliseconds: a body is held for about a second, and the spread keeps callers from returning at once. */
const RETRY_MS = { least: 1000, spread: 3000 };

export type Size = 'small' | 'large';

export interface ByteBudgetOptions {
  readonly maxBytes: number;
  /** Called for each request that is refused for its bytes. */
  readonly onShed?: (size: Size) => void;
}

const sizeOf = (bytes: number): Size => (bytes > SMALL_BYTES ? 'large' : 'small');

export class ByteBudget {
  readonly #maxBytes: number;
  readonly #reserved: number;
  readonly #onShed: (size: Size) => void;
  readonly #held = { small: 0, large: 0 };
  readonly #moved: Move = (before, after, force) => this.#move(before, after, force);

  constructor({ maxBytes, onShed = () => {} }: ByteBudgetOptions) {
    this.#maxBytes = maxBytes;
    this.#reserved = maxBytes * SMALL_SHARE;
    this.#onShed = onShed;
  }

  /** Bytes held now. Upstream bodies are never refused, so it may exceed the budget. */
  get held(): number {
    return this.#held.small + this.#held.large;
  }

  /** Throws `buffer_full` when there is no room. */
  claim(bytes: number): Claim {
    const claim = new Claim(this.#moved);
    claim.resize(bytes);
    return claim;
  }

  /** Holds bytes that cannot be refused any more, whether there is room or not. @returns releases them */
  hold(bytes: number): () => void {
    this.#move(0, bytes, true);
    return () => this.#move(bytes, 0, true);
  }

  #move(before: number, after: number, force: boolean): void {
    this.#held[sizeOf(before)] -= before;
    if (force || after <= before || this.#fits(after)) {
      this.#held[sizeOf(after)] += after;
      return;
    }
    this.#held[sizeOf(before)] += before;
    this.#onShed(sizeOf(after));
    throw new RerankError('buffer_full', undefined, {
      retryAfterMs: RETRY_MS.least + RETRY_MS.spread * Math.random(),
      // The rest of the body is still under way: on a kept connection it would be read as the next request.
      headers: { Connection: 'close' },
    });
  }

  #fits(bytes: number): boolean {
    const { small, large } = this.#held;
    const fits = small + large + bytes <= this.#maxBytes;
    if (sizeOf(bytes) === 'small') return fits || small + bytes <= this.#reserved;
    // A large body that is alone may take the reserve, too: otherwise the largest body allowed might never fit.
    return fits && (large === 0 || large + bytes <= this.#maxBytes - this.#reserved);
  }
}

/** Replaces `before` bytes by `after` in the budget; throws when they do not fit, unless forced. */
type Move = (before: number, after: number, force: boolean) => void;

/** Bytes held for one request, by its handler and by shared calls that go on with its documents. */
export class Claim {
  readonly #move: Move;
  #bytes = 0;
  #holders = 1;

  constructor(move: Move) {
    this.#move = move;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Throws `buffer_full` when there is no room, and then goes on holding the bytes that it held before. */
  resize(bytes: number): void {
    this.#move(this.#bytes, bytes, false);
    this.#bytes = bytes;
  }

  /** Keeps the bytes counted even after the request itself is over. @returns ends that; a second call does nothing */
  share(): () => void {
    if (this.#holders++ === 0) this.#move(0, this.#bytes, true);
    let shared = true;
    return () => {
      if (shared) this.release();
      shared = false;
    };
  }

  /** To be called once, by the owner of the claim. */
  release(): void {
    if (--this.#holders === 0) this.#move(this.#bytes, 0, true);
  }
}
