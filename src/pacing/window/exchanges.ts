/**
 * Exchanges with Redis, one after the other: what a process tells is all there is to know of it, so that it must name what
 * the exchange before has granted.
 */

import type { Admission } from './window.ts';

export class Exchanges {
  readonly #exchange: (wanted: number, hears: boolean) => Promise<Admission>;
  #last: Promise<unknown> = Promise.resolve();
  /** The next one, while it has not begun: permits, which one of those who share it may want, and whether somebody is to hear. */
  #next: { wanted: number; hears: boolean; readonly done: Promise<Admission> } | undefined;
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
    const begin = async (): Promise<Admission> => {
      if (next.wanted === 0) await this.#served;
      if (this.#next === next) this.#next = undefined;
      return this.#exchange(next.wanted, next.hears).finally(() => {
        if (next.wanted > 0) this.#served = new Promise((resolve) => setImmediate(resolve));
      });
    };
    const next = { wanted, hears, done: this.#last.then(begin) };
    this.#last = next.done.catch(() => {});
    this.#next = next;
    return next.done;
  }
}
