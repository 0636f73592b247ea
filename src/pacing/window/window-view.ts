/**
 * What one process knows of a window that lives in Redis: all of it as Redis last told it, and its own calls since. Good
 * enough to predict a wait; the decision is always Redis'. Times are monotonic milliseconds.
 */

import { forecast } from './forecast.ts';
import { KeptSchedule } from './kept-schedule.ts';
import type { Cold } from './rule.ts';
import type { Schedule } from './schedule.ts';
import { type Budget, budgetOf, type WindowRules } from './window.ts';

/** A place that is held. */
export interface Place {
  readonly spaced: boolean;
  /** When it comes free; for a call in flight, when it must have ended and a window more. */
  readonly releaseAt: number;
}

export interface Told {
  readonly places: ReadonlyMap<string, Place>;
  readonly nextSpaced: number;
  readonly pausedUntil: number;
  readonly cold?: Cold;
}

export class WindowView {
  readonly #rules: WindowRules;
  readonly #budget: Budget;
  readonly #schedule = new KeptSchedule();
  #places = new Map<string, Place>();
  #nextSpaced = 0;
  #pausedUntil = 0;
  #cold: Cold | undefined;

  constructor(rules: WindowRules) {
    this.#rules = rules;
    this.#budget = budgetOf(rules);
  }

  /** Everything, as Redis tells it. */
  replace({ places, nextSpaced, pausedUntil, cold }: Told): void {
    this.#places = new Map(places);
    this.#nextSpaced = nextSpaced;
    this.#pausedUntil = pausedUntil;
    this.#cold = cold;
    this.#schedule.upset();
  }

  /** A call was granted, or has ended, so that its place comes free at another time. */
  set(id: string, place: Place, now: number): void {
    if (!this.#places.has(id)) this.#schedule.start();
    this.#places.set(id, place);
    // A process that never has to wait is never told everything: it must forget by itself.
    if (this.#places.size > 2 * this.#rules.limit) this.#forget(now);
  }

  delete(id: string): void {
    this.#places.delete(id);
    this.#schedule.upset();
  }

  used(now: number): number {
    this.#forget(now);
    return this.#places.size;
  }

  /** @see Window.schedule */
  schedule(now: number, latencyMs: number): Schedule {
    return this.#schedule.of(now, () => {
      this.#forget(now);
      const { limit, windowMs } = this.#rules;
      // A place held for longer than a window belongs to a call in flight, which will be answered before that.
      const latest = now + latencyMs + windowMs;
      const releases = [...this.#places.values()].map(({ spaced, releaseAt }) => {
        return { spaced, at: Math.min(releaseAt, latest) };
      });
      const [budget, nextSpaced, pausedUntil, cold] = [
        this.#budget,
        this.#nextSpaced,
        this.#pausedUntil,
        this.#cold,
      ];
      return forecast({ limit, windowMs, budget, nextSpaced, pausedUntil, cold, releases }, now, latencyMs);
    });
  }

  #forget(now: number): void {
    for (const [id, { releaseAt }] of this.#places) if (releaseAt <= now) this.#places.delete(id);
  }
}
