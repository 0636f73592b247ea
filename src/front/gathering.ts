/** A body as it comes: kept in the pieces in which it came, and named by its bytes. */

import { type CipherGCM, createCipheriv, hash, randomBytes } from 'node:crypto';
import type { Sink } from '../http/body.ts';
import { GrowingBuffer } from '../http/growing-buffer.ts';

/** Up to this size SHA-256 is faster than setting up a cipher, bytes. */
const SMALL_BYTES = 4096;

/**
 * Of this process alone. A GMAC under a key that nobody knows, whose tags nobody sees, is a universal hash: two bodies have
 * the same but by chance, of at most their length ÷ 16 in 2¹²⁸, whoever chose them. It takes half of what BLAKE3 takes.
 */
const KEY = randomBytes(16);
const NONCE = randomBytes(12);

/** Pieces that are kept at least, and bytes that each has on average beyond that. */
const MOST_PIECES = 64;
const LEAST_BYTES = 4096;

export class Gathering implements Sink {
  readonly #length: number;
  readonly #onGrow: (bytes: number) => void;
  readonly #isNamed: boolean;
  readonly #mac: CipherGCM | undefined;
  #pieces: Uint8Array[] = [];
  #bytes = 0;
  /** In place of pieces that are too many: each costs more than its bytes. */
  #buffer: GrowingBuffer | undefined;

  /**
   * @param length bytes that the body has
   * @param onGrow told of the bytes that it takes before it takes them; what it throws, `append` throws
   * @param isNamed whether it is to have a name
   */
  constructor(length: number, onGrow: (bytes: number) => void, isNamed = true) {
    this.#length = length;
    this.#onGrow = onGrow;
    this.#isNamed = isNamed;
    this.#mac = isNamed && length > SMALL_BYTES ? createCipheriv('aes-128-gcm', KEY, NONCE) : undefined;
  }

  get capacity(): number {
    return this.#buffer?.capacity ?? this.#bytes;
  }

  append(piece: Uint8Array): boolean {
    if (this.#buffer !== undefined) return this.#buffer.append(piece);
    const bytes = this.#bytes + piece.length;
    if (bytes > this.#length) return false;
    this.#onGrow(bytes);
    this.#bytes = bytes;
    this.#pieces.push(piece);
    this.#mac?.setAAD(piece);
    if (this.#pieces.length > MOST_PIECES + bytes / LEAST_BYTES) this.#putTogether();
    return true;
  }

  /** The same for the same bytes only. Undefined for a body in too many pieces, or without a name. To be called once, at the end. */
  name(): string | undefined {
    if (!this.#isNamed || this.#buffer !== undefined) return undefined;
    if (this.#mac === undefined) return hash('sha256', this.take(), 'binary');
    this.#mac.final();
    return this.#mac.getAuthTag().toString('latin1');
  }

  /** @param join puts pieces together */
  take(join: (pieces: readonly Uint8Array[], bytes: number) => Buffer = Buffer.concat): Buffer {
    if (this.#buffer !== undefined) return this.#buffer.take();
    const [only, ...others] = this.#pieces;
    return only !== undefined && others.length === 0
      ? Buffer.from(only.buffer, only.byteOffset, only.length)
      : join(this.#pieces, this.#bytes);
  }

  #putTogether(): void {
    this.#buffer = new GrowingBuffer(this.#bytes, this.#length, this.#onGrow);
    for (const piece of this.#pieces) this.#buffer.append(piece);
    this.#pieces = [];
  }
}
