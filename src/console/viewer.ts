/** One who looks at the console: a stream of server-sent events, of which at most one waits to be read. */

import type { Caller } from '../http/context.ts';
import { mergePatch } from './merge-patch.ts';
import type { Snapshot } from './shown.ts';

const encoder = new TextEncoder();

/** @see https://html.spec.whatwg.org/multipage/server-sent-events.html */
const frame = (event: string, data: unknown): Uint8Array<ArrayBuffer> =>
  encoder.encode(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);

/** Patches between two snapshots, which are the same for all who have seen both. */
export type Patches = Map<Snapshot, Uint8Array<ArrayBuffer>>;

export class Viewer {
  readonly caller: Caller;
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>>;
  #controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>> | undefined;
  #seen: Snapshot | undefined;
  /** Since when it has read all that there was; undefined: something is still to be read. */
  #readyAt: number | undefined;
  #sentAt = performance.now();

  /**
   * @param first what it is told at once, before any snapshot
   * @param onGone called once when it reads no more
   */
  constructor(caller: Caller, first: unknown, onGone: () => void) {
    this.caller = caller;
    this.body = new ReadableStream<Uint8Array<ArrayBuffer>>(
      {
        start: (controller) => {
          this.#controller = controller;
          controller.enqueue(frame('history', first));
        },
        // Called when all has been read, and the connection takes more.
        pull: () => {
          this.#readyAt = performance.now();
        },
        cancel: () => {
          this.#controller = undefined;
          onGone();
        },
      },
      { highWaterMark: 0 },
    );
  }

  /** Milliseconds for which it has not read what it was sent. */
  stalledMs(now: number): number {
    return this.#readyAt === undefined ? now - this.#sentAt : 0;
  }

  /** Sends what has changed since the last snapshot that it was sent; nothing while it has not read that. */
  show(snapshot: Snapshot, patches: Patches): void {
    if (this.#controller === undefined || this.#readyAt === undefined) return;
    this.#readyAt = undefined;
    this.#sentAt = performance.now();
    this.#controller.enqueue(this.#next(snapshot, patches));
    this.#seen = snapshot;
  }

  /** Says good-bye. @param reason one word */
  end(reason: string): void {
    const controller = this.#controller;
    this.#controller = undefined;
    controller?.enqueue(frame('end', { reason }));
    controller?.close();
  }

  #next(snapshot: Snapshot, patches: Patches): Uint8Array<ArrayBuffer> {
    if (this.#seen === undefined) return frame('snapshot', snapshot);
    let patch = patches.get(this.#seen);
    if (patch === undefined) {
      patch = frame('change', mergePatch(this.#seen, snapshot) ?? {});
      patches.set(this.#seen, patch);
    }
    return patch;
  }
}
