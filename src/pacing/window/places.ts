/**
 * The one record of the places that are held: this process's own, those of others as Redis tells of them, and those that
 * the upstream tells of. What has come free is forgotten, whoever tells of it or not. Pure: times are monotonic
 * milliseconds that callers pass.
 */

import type { Release as Expected } from './forecast.ts';
import { OwnCalls } from './own-calls.ts';
import { type Release, Releases } from './releases.ts';
import type { WindowRules } from './window.ts';

/** Places of others, or, without an id, of any process, this one included. */
export interface ToldPlace extends Release {
  readonly id: string | undefined;
}

interface Held extends Release {
  readonly owner: 'own' | 'others' | 'foreign';
}

/** What the upstream tells of others is kept in so many records a window at most. */
const FOREIGN_RECORDS = 16;

export class Places {
  readonly own: OwnCalls;
  readonly #windowMs: number;
  readonly #burst = new Releases<Held>();
  readonly #spaced = new Releases<Held>();
  /** What the upstream told of others last, and since when. */
  #foreign: (Held & { readonly since: number }) | undefined;

  constructor({ windowMs, callTimeoutMs }: WindowRules) {
    this.#windowMs = windowMs;
    this.own = new OwnCalls(callTimeoutMs + windowMs);
  }

  /** Places held; those of calls granted as asked among them. */
  get held(): number {
    return this.#burst.calls + this.#spaced.calls;
  }

  get burst(): number {
    return this.#burst.calls;
  }

  /** How much is kept, whatever it stands for. */
  get records(): number {
    return this.#burst.list.length + this.#spaced.list.length + this.own.size;
  }

  /** A call of this process, or what has become of it. @param told Redis hears of it, too */
  enter(id: string, spaced: boolean, releaseAt: number, told: boolean, now: number): void {
    this.#drop(id);
    this.#kind(spaced).add(this.own.add(id, { spaced, releaseAt, told }, now));
  }

  /** A call of this process that was not sent. @param told Redis hears of it, too */
  cancel(id: string, told: boolean, now: number): void {
    this.#drop(id);
    this.own.cancel(id, now, told);
  }

  /** Calls of others who use the key, held for a window: one record for all that is told of within a moment. */
  enterForeign(calls: number, now: number): void {
    const last = this.#foreign;
    const merged =
      last && now - last.since < this.#windowMs / FOREIGN_RECORDS && this.#burst.remove(last)
        ? last
        : undefined;
    this.#foreign = {
      owner: 'foreign',
      releaseAt: now + this.#windowMs,
      calls: calls + (merged?.calls ?? 0),
      since: merged?.since ?? now,
    };
    this.#burst.add(this.#foreign);
  }

  /** Takes what Redis tells for all there is to know of others; this process's own calls are known best here. */
  adopt(burst: readonly ToldPlace[] = [], spaced: readonly ToldPlace[] = []): void {
    this.#foreign = undefined;
    this.#burst.exchange(isOwn, this.#othersOf(burst, this.#burst.list.filter(isOwn).length));
    this.#spaced.exchange(isOwn, this.#othersOf(spaced, this.#spaced.list.filter(isOwn).length));
  }

  forget(now: number): void {
    this.#burst.dropUntil(now);
    this.#spaced.dropUntil(now);
    this.own.forget(now);
  }

  /** When the first place comes free, `latest` at most. @param burst among those granted as asked only */
  firstFree(latest: number, burst = false): number {
    return Math.min(latest, this.#burst.first ?? latest, (burst ? undefined : this.#spaced.first) ?? latest);
  }

  /** When all of them come free, no later than `latest`. */
  expected(latest: number): Expected[] {
    const soon =
      (spaced: boolean) =>
      ({ releaseAt, calls }: Held): Expected => ({ at: Math.min(releaseAt, latest), spaced, calls });
    return [...this.#burst.list.map(soon(false)), ...this.#spaced.list.map(soon(true))];
  }

  /** Where places have no names, this process's own are among them, in proportion. */
  #othersOf(told: readonly ToldPlace[], own: number): Held[] {
    const unnamed = told.reduce((sum, { id, calls }) => sum + (id === undefined ? calls : 0), 0);
    const share = Math.max(0, unnamed - own) / unnamed;
    let [due, entered] = [0, 0];
    return told.flatMap(({ id, releaseAt, calls }) => {
      if (id !== undefined) return this.own.get(id) ? [] : [{ owner: 'others' as const, releaseAt, calls }];
      due += calls * share;
      const others = Math.round(due) - entered;
      entered += others;
      return others > 0 ? [{ owner: 'others' as const, releaseAt, calls: others }] : [];
    });
  }

  #kind(spaced: boolean): Releases<Held> {
    return spaced ? this.#spaced : this.#burst;
  }

  #drop(id: string): void {
    const call = this.own.get(id);
    if (call !== undefined) this.#kind(call.spaced).remove(call);
  }
}

const isOwn = ({ owner }: Held): boolean => owner === 'own';
