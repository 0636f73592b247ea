/** The sliding-window log itself. Pure: it sees no clock, times are monotonic milliseconds that callers pass. */

import { forecast } from './forecast.ts';
import { type Cold, gradeOf, type Occupancy } from './rule.ts';
import { type Budget, budgetOf, type CallOutcome, UNANSWERED_GRACE_MS, type WindowRules } from './window.ts';

export interface LogEntry {
  /** Granted in the spaced way, not as asked. */
  readonly spaced: boolean;
  readonly admittedAt: number;
  /** When the place is free again. Until the call completes: when it must have ended, and a window more. */
  releaseAt: number;
  completed: boolean;
  /** Places held, this one included, and places ever granted, when this one was. */
  readonly heldThen: number;
  readonly grantedThen: number;
}

/** How soon to look again whether a cold window's first call has been answered, milliseconds. */
const COLD_POLL_MS = 100;

export class SlidingLog {
  readonly #windowMs: number;
  readonly #callTimeoutMs: number;
  readonly #entries = new Set<LogEntry>();
  #limit: number;
  #budget: Budget;
  #granted = 0;
  #nextSpaced = Number.NEGATIVE_INFINITY;
  #pausedUntil = Number.NEGATIVE_INFINITY;
  #cold: (Cold & { readonly evenMs: number | undefined }) | undefined;

  constructor(rules: WindowRules) {
    this.#windowMs = rules.windowMs;
    this.#callTimeoutMs = rules.callTimeoutMs;
    this.#limit = rules.limit;
    this.#budget = budgetOf(rules);
  }

  get limit(): number {
    return this.#limit;
  }

  set limit(limit: number) {
    this.#limit = limit;
    this.#budget = budgetOf({ limit, windowMs: this.#windowMs, callTimeoutMs: this.#callTimeoutMs });
  }

  used(now: number): number {
    this.#forget(now);
    return this.#entries.size;
  }

  /** Entries that are held, so that another log can take them over. */
  held(now: number): readonly LogEntry[] {
    this.#forget(now);
    return [...this.#entries];
  }

  /**
   * Trusts nothing until `until`: one call goes first, and what its answer says of the room left is believed. When it
   * says nothing, one call goes every `evenMs`; or none, where that is undefined.
   */
  chill(until: number, evenMs: number | undefined): void {
    this.#cold = { until, probeUntil: Number.NEGATIVE_INFINITY, nextEven: undefined, evenMs };
  }

  /** An entry, or the milliseconds after which to ask again. */
  admit(now: number): LogEntry | number {
    const occupancy = this.#occupancy(now);
    switch (gradeOf(occupancy, now)) {
      case 'paused':
        return this.#pausedUntil - now;
      case 'full':
        return this.#nextRelease(now, [...this.#entries]) - now;
      case 'early':
        return Math.min(this.#nextRelease(now, this.#bursting()), this.#nextSpaced) - now;
      case 'cold':
        return Math.min(this.#cold!.nextEven ?? now + COLD_POLL_MS, this.#cold!.until) - now;
      case 'probe':
        this.#cold = { ...this.#cold!, probeUntil: now + this.#callTimeoutMs };
        return this.grant(now, false);
      case 'even':
        this.#cold = { ...this.#cold!, nextEven: now + (this.#cold!.evenMs ?? Number.POSITIVE_INFINITY) };
        return this.grant(now, false);
      case 'burst':
        return this.grant(now, false);
      case 'spaced':
        this.#nextSpaced = now + this.#budget.spacingMs;
        return this.grant(now, true);
    }
  }

  /** Enters a call that was admitted here or elsewhere. */
  grant(now: number, spaced: boolean): LogEntry {
    const entry: LogEntry = {
      spaced,
      admittedAt: now,
      releaseAt: now + this.#callTimeoutMs + this.#windowMs,
      completed: false,
      heldThen: this.#entries.size + 1,
      grantedThen: ++this.#granted,
    };
    this.#entries.add(entry);
    return entry;
  }

  complete(entry: LogEntry, now: number, { answered, remaining, pauseMs }: CallOutcome): void {
    entry.completed = true;
    // Entered again if it was forgotten: the answer came only now, so the upstream may have counted it only now.
    this.#entries.add(entry);
    entry.releaseAt = now + this.#windowMs + (answered ? 0 : UNANSWERED_GRACE_MS);
    if (pauseMs !== undefined) this.#pausedUntil = Math.max(this.#pausedUntil, now + pauseMs);
    if (remaining !== undefined) {
      this.#believe(entry, now, remaining);
      this.#cold = undefined;
    } else if (this.#cold !== undefined) {
      const nextEven = answered ? now + (this.#cold.evenMs ?? Number.POSITIVE_INFINITY) : this.#cold.nextEven;
      this.#cold = { ...this.#cold, probeUntil: Number.NEGATIVE_INFINITY, nextEven };
    }
  }

  cancel(entry: LogEntry): void {
    this.#entries.delete(entry);
    if (entry.spaced) this.#nextSpaced = Number.NEGATIVE_INFINITY;
    if (this.#cold) this.#cold = { ...this.#cold, probeUntil: Number.NEGATIVE_INFINITY };
  }

  /** @see Window.forecast */
  forecast(now: number, count: number, latencyMs: number): number[] {
    const occupancy = this.#occupancy(now);
    const expected = (entry: LogEntry): number =>
      entry.completed ? entry.releaseAt : Math.max(now, entry.admittedAt + latencyMs) + this.#windowMs;
    const releases = (spaced: boolean): number[] =>
      [...this.#entries]
        .filter((entry) => entry.spaced === spaced)
        .map(expected)
        .sort((a, b) => a - b);
    const state = {
      ...occupancy,
      windowMs: this.#windowMs,
      burstReleases: releases(false),
      spacedReleases: releases(true),
    };
    return forecast(state, now, count, latencyMs).map((start) => start - now);
  }

  /**
   * The upstream counts more calls than we can have made: somebody else uses the key, or we have forgotten some. Their
   * places are held for a window from now. Counted against all that we may have had there when the upstream looked,
   * which was between the entry's admission and now, so that none of our own is counted twice.
   */
  #believe(entry: LogEntry, now: number, remaining: number): void {
    const ours = entry.heldThen + (this.#granted - entry.grantedThen);
    for (let excess = this.#limit - remaining - ours; excess > 0; excess--) {
      const releaseAt = now + this.#windowMs;
      this.#entries.add({
        spaced: false,
        admittedAt: now,
        releaseAt,
        completed: true,
        heldThen: 0,
        grantedThen: 0,
      });
    }
  }

  #occupancy(now: number): Occupancy {
    this.#forget(now);
    return {
      limit: this.#limit,
      budget: this.#budget,
      burst: this.#bursting().length,
      held: this.#entries.size,
      nextSpaced: this.#nextSpaced,
      pausedUntil: this.#pausedUntil,
      cold: this.#cold,
    };
  }

  /** A call in flight may end at any time, but its place comes free no sooner than a window from then. */
  #nextRelease(now: number, entries: readonly LogEntry[]): number {
    return Math.min(now + this.#windowMs, ...entries.map(({ releaseAt }) => releaseAt));
  }

  #bursting(): LogEntry[] {
    return [...this.#entries].filter(({ spaced }) => !spaced);
  }

  #forget(now: number): void {
    for (const entry of this.#entries) if (entry.releaseAt <= now) this.#entries.delete(entry);
    if (this.#cold !== undefined && this.#cold.until <= now) this.#cold = undefined;
  }
}
