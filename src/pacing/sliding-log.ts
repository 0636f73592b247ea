/** The sliding-window log itself. Pure: it sees no clock, times are monotonic milliseconds that callers pass. */

import { forecast } from './forecast.ts';
import { type Budget, budgetOf, gradeOf, type WindowRules } from './window.ts';

export interface LogEntry {
  readonly spaced: boolean;
  readonly admittedAt: number;
  /** When the place is free again. Until the call completes: when it must have ended, and a window more. */
  releaseAt: number;
  completed: boolean;
}

/**
 * How much later than its end, as we see it, a call without an answer may still be counted: its bytes may wait in
 * buffers after we have given it up.
 */
export const UNANSWERED_GRACE_MS = 1000;

export class SlidingLog {
  readonly #rules: WindowRules;
  readonly #budget: Budget;
  readonly #entries = new Set<LogEntry>();
  #nextSpaced = Number.NEGATIVE_INFINITY;

  constructor(rules: WindowRules) {
    this.#rules = rules;
    this.#budget = budgetOf(rules);
  }

  used(now: number): number {
    this.#forget(now);
    return this.#entries.size;
  }

  /** An entry, or the milliseconds after which to ask again. */
  admit(now: number): LogEntry | number {
    this.#forget(now);
    const { limit, windowMs, callTimeoutMs } = this.#rules;
    const burst = this.#releases(false);
    const grade = gradeOf(
      {
        burst: burst.length,
        held: this.#entries.size,
        limit,
        budget: this.#budget,
        nextSpaced: this.#nextSpaced,
      },
      now,
    );
    // A call in flight may end at any time, but its place comes free no sooner than a window from then.
    const soonest = now + windowMs;
    if (grade === 'full') return Math.min(soonest, ...burst, ...this.#releases(true)) - now;
    if (grade === 'early') return Math.min(soonest, ...burst, this.#nextSpaced) - now;
    const spaced = grade === 'spaced';
    if (spaced) this.#nextSpaced = now + this.#budget.spacingMs;
    const releaseAt = now + callTimeoutMs + windowMs;
    const entry: LogEntry = { spaced, admittedAt: now, releaseAt, completed: false };
    this.#entries.add(entry);
    return entry;
  }

  complete(entry: LogEntry, now: number, answered: boolean): void {
    entry.completed = true;
    entry.releaseAt = Math.min(
      entry.releaseAt,
      now + this.#rules.windowMs + (answered ? 0 : UNANSWERED_GRACE_MS),
    );
  }

  cancel(entry: LogEntry): void {
    this.#entries.delete(entry);
    if (entry.spaced) this.#nextSpaced = Number.NEGATIVE_INFINITY;
  }

  /** @see Window.forecast */
  forecast(now: number, count: number, latencyMs: number): number[] {
    this.#forget(now);
    const { limit, windowMs } = this.#rules;
    const expected = (entry: LogEntry): number =>
      entry.completed ? entry.releaseAt : Math.max(now, entry.admittedAt + latencyMs) + windowMs;
    const state = {
      limit,
      windowMs,
      budget: this.#budget,
      burst: this.#releases(false, expected),
      spaced: this.#releases(true, expected),
      nextSpaced: this.#nextSpaced,
    };
    return forecast(state, now, count, latencyMs).map((start) => start - now);
  }

  /** When the places of one kind come free, ascending. */
  #releases(spaced: boolean, releaseOf = (entry: LogEntry): number => entry.releaseAt): number[] {
    const releases: number[] = [];
    for (const entry of this.#entries) if (entry.spaced === spaced) releases.push(releaseOf(entry));
    return releases.sort((a, b) => a - b);
  }

  #forget(now: number): void {
    for (const entry of this.#entries) if (entry.releaseAt <= now) this.#entries.delete(entry);
  }
}
