/**
 * What one process knows of a window that lives in Redis: all of it as Redis last told it, and its own calls since. Good
 * enough to predict a wait; the decision is always Redis'. Times are monotonic milliseconds.
 */

import { forecast } from './forecast.ts';
import type { Cold } from './rule.ts';
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
  }

  /** A call was granted, or has ended, so that its place comes free at another time. */
  set(id: string, place: Place, now: number): void {
    this.#places.set(id, place);
    // A process that never has to wait is never told everything: it must forget by itself.
    if (this.#places.size > 2 * this.#rules.limit) this.#forget(now);
  }

  delete(id: string): void {
    this.#places.delete(id);
  }

  used(now: number): number {
    this.#forget(now);
    return this.#places.size;
  }

  /** Milliseconds from now at which each of the next `count` calls of anybody could start, each lasting `latencyMs`. */
  forecast(now: number, count: number, latencyMs: number): number[] {
    this.#forget(now);
    const { limit, windowMs } = this.#rules;
    // A place held for longer than a window belongs to a call in flight, which will be answered before that.
    const latest = now + latencyMs + windowMs;
    const releases = (spaced: boolean): number[] =>
      [...this.#places.values()]
        .filter((place) => place.spaced === spaced)
        .map(({ releaseAt }) => Math.min(releaseAt, latest))
        .sort((a, b) => a - b);
    const burstReleases = releases(false);
    const state = {
      limit,
      windowMs,
      budget: this.#budget,
      burst: burstReleases.length,
      held: this.#places.size,
      nextSpaced: this.#nextSpaced,
      pausedUntil: this.#pausedUntil,
      cold: this.#cold,
      burstReleases,
      spacedReleases: releases(true),
    };
    return forecast(state, now, count, latencyMs).map((start) => start - now);
  }

  #forget(now: number): void {
    for (const [id, { releaseAt }] of this.#places) if (releaseAt <= now) this.#places.delete(id);
  }
}
