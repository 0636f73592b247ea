/**
 * One buffer in which large bodies are put together, one after the other. Each would else take megabytes outside the heap for
 * a moment, and collecting them took more time than answering.
 */

/** Up to this size bodies come from a pool of the engine's own, bytes. */
const SMALL_BYTES = 4096;

/** The largest buffer that is kept, bytes. */
const MOST_BYTES = 4 * 1024 * 1024;

export class Scratch {
  #spare: Buffer | undefined;
  #lent: Buffer | undefined;

  /** The pieces as one. Their bytes are the caller's for good, unless it gives them back. */
  readonly join = (pieces: readonly Uint8Array[], bytes: number): Buffer => {
    if (bytes <= SMALL_BYTES || bytes > MOST_BYTES) return Buffer.concat(pieces, bytes);
    const spare = this.#spare;
    this.#spare = undefined;
    const whole =
      spare !== undefined && spare.length >= bytes ? spare : Buffer.allocUnsafeSlow(roundedUp(bytes));
    let at = 0;
    for (const piece of pieces) {
      whole.set(piece, at);
      at += piece.length;
    }
    this.#lent = whole;
    return whole.subarray(0, bytes);
  };

  /** Nothing refers to what `join` gave last any more: its bytes will be overwritten. Other bytes are left alone. */
  readonly giveBack = (bytes: Buffer): void => {
    if (this.#lent === undefined || bytes.buffer !== this.#lent.buffer) return;
    this.#spare = this.#lent;
    this.#lent = undefined;
  };
}

/** So that a body a little larger than the last finds room, too. */
const roundedUp = (bytes: number): number => 2 ** Math.ceil(Math.log2(bytes));
