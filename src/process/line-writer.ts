/** Writes lines to a stream that may be slow, stuck or gone: without waiting, and in bounded memory. */

import type { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

export interface LineWriterOptions {
  /** Must not block in `write`. */
  readonly stream: Writable;
  /** The most characters that wait, those being written included. A line beyond them is dropped. */
  readonly maxLength?: number;
}

/** Minutes of a busy log, and little of the memory of a small dyno. */
const MAX_LENGTH = 1024 * 1024;

const POLL_MS = 5;

/**
 * Standard output that never blocks in `write`. Node's own waits for a terminal: Ctrl-S, or a busy terminal, would stall the
 * event loop.
 */
export const standardOutput = (): Writable => {
  const stdout: Writable & { _handle?: { setBlocking?(blocking: boolean): void } } = process.stdout;
  if (process.stdout.isTTY) stdout._handle?.setBlocking?.(false);
  return stdout;
};

/**
 * Gathers lines while a write is under way, so that there is never more than one. A pipe without a reading process keeps the
 * write pending for ever, and one whose reader has gone fails it: neither blocks or ends this process.
 */
export class LineWriter {
  readonly #stream: Writable;
  readonly #maxLength: number;
  #lines: string[] = [];
  /** Characters of the lines gathered, and of those being written. */
  #length = 0;
  #busy = false;
  #dropped = 0;

  constructor({ stream, maxLength = MAX_LENGTH }: LineWriterOptions) {
    this.#stream = stream;
    this.#maxLength = maxLength;
    // The write's callback gets the error as well. Without a listener it would end the process.
    stream.on('error', () => {});
  }

  /** Lines that were not written: beyond the bound, or lost with a reader that has gone. */
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
    // Later, so that the other lines of this turn of the event loop go into the same write.
    setImmediate(() => this.#flush());
  }

  /** Resolves when every line is written, and at the latest after `ms`. */
  async settle(ms: number): Promise<void> {
    const deadline = performance.now() + ms;
    while (this.#busy && performance.now() < deadline) await sleep(POLL_MS);
  }

  /** Writes the gathered lines without waiting, in the last moment of a process. */
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
      // Not at once: a stream that has failed recovers at the end of this turn.
      setImmediate(() => this.#flush());
    });
  }
}
