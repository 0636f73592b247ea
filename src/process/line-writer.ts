/** Lines on their way to a stream that may be slow, stuck or gone: written without waiting, and bounded. */

import type { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

export interface LineWriterOptions {
  /** Must not block in `write`. */
  readonly stream: Writable;
  /** Characters that may wait to be taken, those under way included. A line beyond them is dropped. */
  readonly maxLength?: number;
}

/** Minutes of a busy log, and nothing beside the memory of a small dyno. */
const MAX_LENGTH = 1024 * 1024;

const POLL_MS = 5;

/**
 * Standard output that never blocks in `write`. Node has it wait for a terminal: Ctrl-S, or a terminal that is busy, would
 * stand the event loop still.
 */
export const standardOutput = (): Writable => {
  const stdout: Writable & { _handle?: { setBlocking?(blocking: boolean): void } } = process.stdout;
  if (process.stdout.isTTY) stdout._handle?.setBlocking?.(false);
  return stdout;
};

/**
 * Lines are gathered while one write is under way, so there is never more than one. A pipe that nobody reads keeps that
 * write for ever, one whose reader has gone fails it: neither holds up or ends the process.
 */
export class LineWriter {
  readonly #stream: Writable;
  readonly #maxLength: number;
  #lines: string[] = [];
  /** Characters of the lines gathered, and of those under way. */
  #length = 0;
  #busy = false;
  #dropped = 0;

  constructor({ stream, maxLength = MAX_LENGTH }: LineWriterOptions) {
    this.#stream = stream;
    this.#maxLength = maxLength;
    // Told to the write's callback as well. Without a listener it would end the process.
    stream.on('error', () => {});
  }

  /** Lines that nobody will read: beyond the bound, or lost with a reader that has gone. */
  get dropped(): number {
    return this.#dropped;
  }

  /** @param line with its newline */
  write(line: string): void {
    if (this.#length + line.length > this.#maxLength) {
      this.#dropped++;
      return;
    }
    this.#lines.push(line);
    this.#length += line.length;
    if (this.#busy) return;
    this.#busy = true;
    // What else is said in this turn of the event loop goes with it.
    setImmediate(() => this.#flush());
  }

  /** Resolves when every line has been taken, or after `ms` when nobody takes them. */
  async settle(ms: number): Promise<void> {
    const deadline = performance.now() + ms;
    while (this.#busy && performance.now() < deadline) await sleep(POLL_MS);
  }

  /** Hands over what is gathered, for the last moment of a process: nothing is waited for. */
  flush(): void {
    if (this.#lines.length > 0) this.#stream.write(this.#lines.splice(0).join(''));
  }

  #flush(): void {
    const lines = this.#lines.splice(0);
    const text = lines.join('');
    if (text === '') {
      this.#busy = false;
      return;
    }
    this.#stream.write(text, (error) => {
      this.#length -= text.length;
      if (error) this.#dropped += lines.length;
      // Not at once: a stream that has failed is mended at the end of this turn.
      setImmediate(() => this.#flush());
    });
  }
}
