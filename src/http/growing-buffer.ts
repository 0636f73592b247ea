/** One buffer that grows by doubling: a body that comes in a million pieces costs its bytes, not a million objects. */

export class GrowingBuffer {
  readonly #max: number;
  readonly #onGrow: (capacity: number) => void;
  #buffer: Buffer;
  #length = 0;

  /**
   * @param first the initial capacity, bytes
   * @param max the largest capacity, bytes
   * @param onGrow called with the new capacity before it is allocated; `append` throws what it throws
   */
  constructor(first: number, max: number, onGrow: (capacity: number) => void) {
    this.#max = max;
    this.#onGrow = onGrow;
    this.#buffer = Buffer.allocUnsafe(first);
  }

  get capacity(): number {
    return this.#buffer.length;
  }

  /** False when the chunk does not fit into `max`. */
  append(chunk: Uint8Array): boolean {
    const length = this.#length + chunk.length;
    if (length > this.#max) return false;
    if (length > this.capacity) this.#grow(Math.min(this.#max, Math.max(length, 2 * this.capacity)));
    this.#buffer.set(chunk, this.#length);
    this.#length = length;
    return true;
  }

  /** All that was appended. */
  take(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  #grow(capacity: number): void {
    this.#onGrow(capacity);
    const buffer = Buffer.allocUnsafe(capacity);
    buffer.set(this.take());
    this.#buffer = buffer;
  }
}
