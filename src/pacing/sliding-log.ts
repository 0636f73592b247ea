/** The sliding-window log itself. Pure: it sees no clock, times are monotonic milliseconds that callers pass. */

import { type Budget, budgetOf, type WindowRules } from './window.ts';

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
  #nextSpaced: number;

  constructor(rules: WindowRules) {
    this.#rules = rules;
    this.#budget = budgetOf(rules);
    this.#nextSpaced = this.#earliestSpaced;
  }

  /** A limit of one has no spaced places at all. */
  get #earliestSpaced(): number {
    return Number.isFinite(this.#budget.spacingMs) ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  }

  used(now: number): number {
    this.#forget(now);
    return this.#entries.size;
  }

  /** An entry, or the milliseconds after which to ask again. */
  admit(now: number): LogEntry | number {
    this.#forget(now);
    const spaced = this.#bursting().length >= this.#budget.burst;
    const full = this.#entries.size >= this.#rules.limit;
    if (full || (spaced && now < this.#nextSpaced)) return this.#retryIn(now, full);
    if (spaced) this.#nextSpaced = now + this.#budget.spacingMs;
    const { callTimeoutMs, windowMs } = this.#rules;
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
    if (entry.spaced) this.#nextSpaced = this.#earliestSpaced;
  }

  /** @see Window.forecast */
  forecast(now: number, count: number, latencyMs: number): number[] {
    this.#forget(now);
    const { windowMs } = this.#rules;
    const { burst, spacingMs } = this.#budget;
    const held = this.#bursting().map((entry) =>
      entry.completed ? entry.releaseAt : Math.max(now, entry.admittedAt + latencyMs) + windowMs,
    );
    // A queue of the moments at which burst places come free. What is appended is never earlier than what stands
    // there, so it stays sorted.
    const free = [
      ...new Array<number>(Math.max(0, burst - held.length)).fill(now),
      ...held.sort((a, b) => a - b),
    ];
    let nextSpaced = Math.max(now, this.#nextSpaced);
    const starts: number[] = [];
    for (let i = 0; starts.length < count; ) {
      if (free[i]! <= nextSpaced) {
        starts.push(free[i]! - now);
        free.push(free[i++]! + latencyMs + windowMs);
      } else {
        starts.push(nextSpaced - now);
        nextSpaced += spacingMs;
      }
    }
    return starts;
  }

  /** Until the next change that could let a call in; a call in flight may end at any time, but not free its place before a window has gone by. */
  #retryIn(now: number, full: boolean): number {
    const waited = full ? [...this.#entries] : this.#bursting();
    const next = Math.min(now + this.#rules.windowMs, ...waited.map(({ releaseAt }) => releaseAt));
    return Math.max(0, (full ? next : Math.min(next, this.#nextSpaced)) - now);
  }

  #bursting(): LogEntry[] {
    return [...this.#entries].filter(({ spaced }) => !spaced);
  }

  #forget(now: number): void {
    for (const entry of this.#entries) if (entry.releaseAt <= now) this.#entries.delete(entry);
  }
}
