/** The calls of this process whose places are held, by the ids under which Redis knows them. */

import type { Held } from './redis-window.ts';
import type { LogEntry } from './sliding-log.ts';

export interface OwnCall {
  readonly id: string;
  readonly entry: LogEntry;
}

export class OwnCalls {
  readonly #calls = new Map<string, LogEntry>();
  readonly #forgetAbove: number;
  /** Places that have come free are kept in mind, too: Redis may still hold them. */
  #remember = false;

  /** @param limit places of the window */
  constructor(limit: number) {
    this.#forgetAbove = 2 * limit;
  }

  add(call: OwnCall, now: number): OwnCall {
    this.#calls.set(call.id, call.entry);
    if (this.#calls.size > this.#forgetAbove && !this.#remember) this.#forget(now);
    return call;
  }

  delete({ id }: OwnCall): void {
    this.#calls.delete(id);
  }

  /** Redis hears nothing from now on; what it holds has to be told to it again. */
  lost(now: number): void {
    this.#forget(now);
    this.#remember = true;
  }

  /** Redis hears of every call again. */
  found(): void {
    this.#remember = false;
  }

  /** Places held. */
  count(now: number): number {
    let count = 0;
    for (const { releaseAt } of this.#calls.values()) if (releaseAt > now) count++;
    return count;
  }

  list(now: number): Held[] {
    const held = [...this.#calls].map(([id, { spaced, releaseAt }]) => ({
      id,
      spaced,
      holdMs: Math.max(0, releaseAt - now),
    }));
    if (!this.#remember) this.#forget(now);
    return held;
  }

  #forget(now: number): void {
    for (const [id, { releaseAt }] of this.#calls) if (releaseAt <= now) this.#calls.delete(id);
  }
}
