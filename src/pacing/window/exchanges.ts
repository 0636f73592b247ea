/**
 * Exchanges with Redis, one after the other: what a process tells is all there is to know of it, so that it must name what
 * the exchange before has granted.
 */

import type { Admission } from './window.ts';

interface Next {
  /** Permits; one of those who share it may want some. */
  wanted: number;
  /** Somebody is to hear how things are with all. */
  hears: boolean;
  readonly done: Promise<Admission>;
}

export class Exchanges {
  readonly #exchange: (wanted: number, hears: boolean) => Promise<Admission>;
  #last: Promise<unknown> = Promise.resolve();
  /** The next one, while it has not begun. */
  #next: Next | undefined;
  /** Who wanted permits has made use of them: whom they serve waits no longer. */
  #served: Promise<void> | undefined;

  constructor(exchange: (wanted: number, hears: boolean) => Promise<Admission>) {
    this.#exchange = exchange;
  }

  /** An exchange, shared by all who ask before it begins: it tells of what all of them bring. */
  soon(wanted: number, hears: boolean): Promise<Admission> {
    const shared = this.#next;
    if (shared !== undefined && (shared.wanted === 0 || wanted === 0)) {
      shared.wanted += wanted;
      shared.hears ||= hears;
      return shared.done;
    }
    const next: Next = { wanted, hears, done: this.#last.then(() => this.#begin(next)) };
    this.#last = next.done.catch(() => {});
    this.#next = next;
    return next.done;
  }

  async #begin(next: Next): Promise<Admission> {
    if (next.wanted === 0) await this.#served;
    if (this.#next === next) this.#next = undefined;
    return this.#exchange(next.wanted, next.hears).finally(() => {
      if (next.wanted > 0) this.#served = new Promise((resolve) => setImmediate(resolve));
    });
  }
}
