/** A body as it comes: kept in the pieces in which it came, and named by its bytes if one that begins so came before. */

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

/** Bytes at a body's begin by which it is told from most others: the question usually stands there. */
const BEGIN_BYTES = 256;

/** Pieces that are kept at least, and bytes that each has on average beyond that. */
const MOST_PIECES = 64;
const LEAST_BYTES = 4096;

export class Gathering implements Sink {
  readonly #length: number;
  readonly #onGrow: (bytes: number) => void;
  readonly #isKnown: (outline: number) => boolean;
  /** Of the body's length and of what has come of its begin. */
  #outline: number;
  /** Undefined until its begin has come. */
  #isNamed: boolean | undefined;
  #mac: CipherGCM | undefined;
  #pieces: Uint8Array[] = [];
  #bytes = 0;
  /** In place of pieces that are too many: each costs more than its bytes. */
  #buffer: GrowingBuffer | undefined;

  /**
   * @param length bytes that the body has
   * @param onGrow told of the bytes that it takes before it takes them; what it throws, `append` throws
   * @param isKnown whether it is to have a name: asked once, with a number that is the same for bodies of one length and begin
   */
  constructor(length: number, onGrow: (bytes: number) => void, isKnown: (outline: number) => boolean) {
    this.#length = length;
    this.#onGrow = onGrow;
    this.#isKnown = isKnown;
    this.#outline = length;
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
    if (this.#isNamed === undefined) this.#begin(piece);
    else this.#mac?.setAAD(piece);
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

  #begin(piece: Uint8Array): void {
    const missing = BEGIN_BYTES - (this.#bytes - piece.length);
    this.#outline = mixed(this.#outline, piece.subarray(0, missing));
    if (this.#bytes < Math.min(BEGIN_BYTES, this.#length)) return;
    this.#isNamed = this.#isKnown(this.#outline >>> 0);
    if (!this.#isNamed || this.#length <= SMALL_BYTES) return;
    this.#mac = createCipheriv('aes-128-gcm', KEY, NONCE);
    for (const each of this.#pieces) this.#mac.setAAD(each);
  }

  #putTogether(): void {
    this.#buffer = new GrowingBuffer(this.#bytes, this.#length, this.#onGrow);
    for (const piece of this.#pieces) this.#buffer.append(piece);
    this.#pieces = [];
  }
}

/** FNV-1a, which tells most bodies apart: https://datatracker.ietf.org/doc/html/draft-eastlake-fnv */
const mixed = (outline: number, bytes: Uint8Array): number => {
  let hash = outline;
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  return hash;
};
