/** The sliding-window log itself. Pure: it sees no clock, times are monotonic milliseconds that callers pass. */

import { forecast } from './forecast.ts';
import { KeptSchedule } from './kept-schedule.ts';
import { type Cold, gradeOf, type Occupancy } from './rule.ts';
import { type Schedule, startsOf } from './schedule.ts';
import {
  type Blocked,
  type Budget,
  budgetOf,
  type CallOutcome,
  UNANSWERED_GRACE_MS,
  type WindowRules,
} from './window.ts';

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
  /** Somebody else's call, which the upstream told of. */
  readonly foreign: boolean;
}

/** What a log that trusts nothing may do meanwhile. @see Cold */
export interface Chill {
  readonly until: number;
  readonly quietUntil?: number;
  readonly reuse?: number;
  readonly probeFrom?: number;
  /** Milliseconds between two calls when the first does not learn how much room there is; undefined: no more calls. */
  readonly evenMs: number | undefined;
}

interface ColdState extends Cold {
  readonly evenMs: number;
  /** The call that went first, while it is out. */
  readonly probe: LogEntry | undefined;
}

/** How soon to look again whether a cold window's first call has been answered, milliseconds. */
const COLD_POLL_MS = 100;

const NEVER = Number.NEGATIVE_INFINITY;

export class SlidingLog {
  readonly #rules: WindowRules;
  readonly #entries = new Set<LogEntry>();
  readonly #schedule = new KeptSchedule();
  #limit: number;
  #budget: Budget;
  #granted = 0;
  #nextSpaced = NEVER;
  #pausedUntil = NEVER;
  #cold: ColdState | undefined;

  constructor(rules: WindowRules) {
    this.#rules = rules;
    this.#limit = rules.limit;
    this.#budget = budgetOf(rules);
  }

  set limit(limit: number) {
    this.#limit = limit;
    this.#budget = budgetOf({ ...this.#rules, limit });
    this.#schedule.upset();
  }

  used(now: number): number {
    this.#forget(now);
    return this.#entries.size;
  }

  /** Trusts nothing for a while: one call goes first, and what its answer says of the room left is believed. */
  chill({ until, quietUntil = NEVER, reuse = 0, probeFrom = NEVER, evenMs }: Chill): void {
    const spacing = evenMs ?? Number.POSITIVE_INFINITY;
    const waits = { quietUntil, reuse, nextProbe: probeFrom, nextEven: undefined };
    this.#cold = { until, ...waits, evenMs: spacing, probe: undefined };
    this.#schedule.upset();
  }

  /** Knows all there is to know, from now on: what the upstream told of others is forgotten. */
  warm(): void {
    this.#cold = undefined;
    this.#schedule.upset();
    for (const entry of this.#entries) if (entry.foreign) this.#entries.delete(entry);
  }

  /** An entry, or when to ask again, and why. */
  admit(now: number): LogEntry | Blocked {
    const grade = gradeOf(this.#occupancy(now), now);
    switch (grade) {
      case 'paused':
        return { retryInMs: this.#pausedUntil - now, reason: grade };
      case 'full':
        return { retryInMs: this.#nextRelease(now, [...this.#entries]) - now, reason: grade };
      case 'spaced': {
        const next = Math.min(this.#nextRelease(now, this.#bursting()), this.#nextSpaced);
        return { retryInMs: next - now, reason: grade };
      }
      case 'cold':
        return { retryInMs: this.#nextWarmth(this.#cold!, now) - now, reason: grade };
      case 'probe': {
        const probe = this.grant(now, false);
        this.#cold = { ...this.#cold!, nextProbe: now + this.#rules.callTimeoutMs, probe };
        return probe;
      }
      case 'even':
        this.#cold = { ...this.#cold!, nextEven: now + this.#cold!.evenMs };
        return this.grant(now, false);
      case 'burst':
        return this.grant(now, false);
      case 'space':
        this.#nextSpaced = now + this.#budget.spacingMs;
        return this.grant(now, true);
    }
  }

  /** Enters a call that was admitted here or elsewhere. */
  grant(now: number, spaced: boolean): LogEntry {
    const entry: LogEntry = {
      spaced,
      admittedAt: now,
      releaseAt: now + this.#rules.callTimeoutMs + this.#rules.windowMs,
      completed: false,
      heldThen: this.#entries.size + 1,
      grantedThen: ++this.#granted,
      foreign: false,
    };
    this.#entries.add(entry);
    this.#schedule.start();
    return entry;
  }

  complete(entry: LogEntry, now: number, { answered, remaining, pauseMs = 0 }: CallOutcome): void {
    entry.completed = true;
    // An answer within a warm window is what was foreseen, unless it tells of calls that nobody knew of.
    if (this.#cold !== undefined) this.#schedule.upset();
    // Entered again if it was forgotten: the answer came only now, so the upstream may have counted it only now.
    this.#entries.add(entry);
    entry.releaseAt = now + this.#rules.windowMs + (answered ? 0 : UNANSWERED_GRACE_MS);
    if (pauseMs > 0) this.#pausedUntil = Math.max(this.#pausedUntil, now + pauseMs);
    if (remaining !== undefined) {
      this.#believe(entry, now, remaining);
      this.#cold = undefined;
    } else if (pauseMs > 0) {
      // The upstream counts more than this log does, and does not say how much: after its pause, one call goes first.
      const { windowMs, limit } = this.#rules;
      this.chill({ until: now + pauseMs + windowMs, evenMs: windowMs / limit });
    } else if (this.#cold?.probe === entry) {
      const nextEven = answered ? now + this.#cold.evenMs : undefined;
      this.#cold = { ...this.#cold, nextProbe: NEVER, probe: undefined, nextEven };
    }
  }

  cancel(entry: LogEntry): void {
    this.#entries.delete(entry);
    this.#schedule.upset();
    if (entry.spaced) this.#nextSpaced = NEVER;
    if (this.#cold?.probe === entry) this.#cold = { ...this.#cold, nextProbe: NEVER, probe: undefined };
  }

  /** @see Window.schedule */
  schedule(now: number, latencyMs: number): Schedule {
    return this.#schedule.of(now, () => {
      const occupancy = this.#occupancy(now);
      const { windowMs } = this.#rules;
      const releases = [...this.#entries].map(({ spaced, completed, releaseAt, admittedAt }) => {
        return { spaced, at: completed ? releaseAt : Math.max(now, admittedAt + latencyMs) + windowMs };
      });
      return forecast({ ...occupancy, windowMs, releases }, now, latencyMs);
    });
  }

  /** Milliseconds until each of the next `count` calls could start. */
  forecast(now: number, count: number, latencyMs: number): number[] {
    return startsOf(this.schedule(now, latencyMs), count);
  }

  /**
   * The upstream counts more calls than we can have made: somebody else uses the key, or we have forgotten some. Their
   * places are held for a window from now. Counted against all that we may have had there when the upstream looked,
   * which was between the entry's admission and now, so that none of our own is counted twice.
   */
  #believe(entry: LogEntry, now: number, remaining: number): void {
    const ours = entry.heldThen + (this.#granted - entry.grantedThen);
    const releaseAt = now + this.#rules.windowMs;
    const unused = { spaced: false, heldThen: 0, grantedThen: 0 };
    if (this.#limit - remaining - ours > 0) this.#schedule.upset();
    for (let excess = this.#limit - remaining - ours; excess > 0; excess--) {
      this.#entries.add({ ...unused, admittedAt: now, releaseAt, completed: true, foreign: true });
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
    return Math.min(now + this.#rules.windowMs, ...entries.map(({ releaseAt }) => releaseAt));
  }

  /** When a cold window may grant something. */
  #nextWarmth(cold: ColdState, now: number): number {
    if (now < cold.quietUntil) return Math.min(cold.quietUntil, cold.until);
    const next = cold.nextEven ?? (cold.probe ? now + COLD_POLL_MS : cold.nextProbe);
    const reused = cold.reuse > 0 ? this.#nextRelease(now, [...this.#entries]) : next;
    return Math.min(next, reused, cold.until);
  }

  #bursting(): LogEntry[] {
    return [...this.#entries].filter(({ spaced }) => !spaced);
  }

  #forget(now: number): void {
    for (const entry of this.#entries) if (entry.releaseAt <= now) this.#entries.delete(entry);
    if (this.#cold !== undefined && this.#cold.until <= now) this.#cold = undefined;
  }
}
