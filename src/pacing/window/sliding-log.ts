/**
 * The sliding-window log: the rule of admission, applied to the places that are known to be held. Pure: it sees no clock,
 * times are monotonic milliseconds that callers pass.
 */

import { type ColdState, chilled, lasting, nextWarmth, probed, unprobed } from './cold.ts';
import { forecast } from './forecast.ts';
import { KeptSchedule } from './kept-schedule.ts';
import type { OwnCalls } from './own-calls.ts';
import { Places, type ToldPlace } from './places.ts';
import { type Cold, gradeOf, type Occupancy } from './rule.ts';
import { type Schedule, startsOf } from './schedule.ts';
import {
  type Blocked,
  type Budget,
  budgetOf,
  type CallOutcome,
  MOST_PAUSE_MS,
  UNANSWERED_GRACE_MS,
  type WindowRules,
} from './window.ts';

/** A call that was granted: to be passed again when it ends. */
export interface LogEntry {
  readonly id: string;
  /** Granted in the spaced way, not as asked. */
  readonly spaced: boolean;
  /** When it was granted: places held, this one included; and places ever taken, those of others who use the API key, too. */
  readonly heldThen: number;
  readonly takenThen: number;
}

/** A window that processes share, as Redis tells of it. */
export interface Told {
  readonly burst: readonly ToldPlace[];
  readonly spaced: readonly ToldPlace[];
  readonly nextSpaced: number;
  readonly pausedUntil: number;
  readonly cold: Cold | undefined;
}

export class SlidingLog {
  readonly #rules: WindowRules;
  readonly #leaseMs: number;
  readonly #places: Places;
  readonly #schedule = new KeptSchedule();
  #limit: number;
  #budget: Budget;
  #taken = 0;
  #serial = 0;
  #nextSpaced = 0;
  #pausedUntil = 0;
  #cold: ColdState | undefined;

  constructor(rules: WindowRules) {
    this.#rules = rules;
    this.#leaseMs = rules.callTimeoutMs + rules.windowMs;
    this.#places = new Places(rules);
    this.#limit = rules.limit;
    this.#budget = budgetOf(rules);
  }

  /** At least 1. */
  set limit(limit: number) {
    if (limit === this.#limit) return;
    this.#limit = limit;
    this.#budget = budgetOf({ ...this.#rules, limit });
    this.#schedule.upset();
  }

  /** This process's calls. */
  get own(): OwnCalls {
    return this.#places.own;
  }

  /** How much is kept, whatever it stands for. */
  get records(): number {
    return this.#places.records;
  }

  /** Places held, by whomever. */
  used(now: number): number {
    this.#forget(now);
    return this.#places.held;
  }

  /** Trusts nothing for a while: see cold.ts. @param until when it trusts itself again in any case */
  chill({ until }: Pick<Cold, 'until'>): void {
    this.#cold = chilled(until);
    this.#schedule.upset();
  }

  /** Goes by this process's own calls only: nobody tells of others any more. */
  seclude(): void {
    this.#places.adopt();
    this.#nextSpaced = 0;
    this.#cold = undefined;
    this.#schedule.upset();
  }

  /** Others' calls, and how the window is, are as Redis tells. */
  adopt({ burst, spaced, nextSpaced, pausedUntil, cold }: Told, now: number): void {
    this.#forget(now);
    this.#places.adopt(burst, spaced);
    this.#nextSpaced = nextSpaced;
    this.#pausedUntil = pausedUntil;
    this.#cold = cold && { ...cold, probe: undefined };
    this.#schedule.upset();
  }

  /**
   * A place, or when to ask again, and why.
   * @param id names the call among all processes' calls
   */
  admit(now: number, id: string = this.#nextId()): LogEntry | Blocked {
    const reason = gradeOf(this.#occupancy(now), now);
    const latest = now + this.#rules.windowMs;
    switch (reason) {
      case 'paused':
        return { retryInMs: this.#pausedUntil - now, reason };
      // A call in flight may end at any time, but its place comes free no sooner than a window from then.
      case 'full':
        return { retryInMs: this.#places.firstFree(latest) - now, reason };
      case 'spaced':
        return { retryInMs: Math.min(this.#places.firstFree(latest, true), this.#nextSpaced) - now, reason };
      case 'cold':
        return { retryInMs: nextWarmth(this.#cold!, now) - now, reason };
      case 'probe':
        this.#cold = probed(this.#cold!, id, now + this.#rules.callTimeoutMs);
        return this.grant(now, false, id);
      case 'even':
        this.#cold = { ...this.#cold!, nextEven: now + this.#evenMs };
        return this.grant(now, false, id);
      case 'burst':
        return this.grant(now, false, id);
      case 'space':
        this.#nextSpaced = now + this.#budget.spacingMs;
        return this.grant(now, true, id);
    }
  }

  /**
   * Enters a call of this process.
   * @param told Redis has granted it
   */
  grant(now: number, spaced: boolean, id = this.#nextId(), told = false): LogEntry {
    this.#places.enter(id, spaced, now + this.#leaseMs, told, now);
    this.#schedule.start();
    return { id, spaced, heldThen: this.used(now), takenThen: ++this.#taken };
  }

  /** @param told Redis hears of it, too */
  complete(entry: LogEntry, now: number, outcome: CallOutcome, told = false): void {
    const { answered, remaining, pauseMs = 0 } = outcome;
    const releaseAt = now + this.#rules.windowMs + (answered ? 0 : UNANSWERED_GRACE_MS);
    // That a call ends was foreseen when the schedule was drawn up, unless the window is cold or is to pause.
    if (this.#cold !== undefined || pauseMs > 0) this.#schedule.upset();
    // Entered again if it was forgotten: the answer came only now, so the upstream may have counted it only now.
    this.#places.enter(entry.id, entry.spaced, releaseAt, told, now);
    if (pauseMs > 0) this.#pausedUntil = Math.max(this.#pausedUntil, now + Math.min(pauseMs, MOST_PAUSE_MS));
    if (remaining !== undefined) {
      this.#believe(entry, now, remaining);
      this.#cold = undefined;
    } else if (pauseMs > 0) {
      // The upstream counts more than this log does, and does not say how much: after its pause, one call goes first.
      this.chill({ until: this.#pausedUntil + this.#rules.windowMs });
    } else if (this.#cold?.probe === entry.id) {
      this.#cold = unprobed(this.#cold, answered ? now + this.#evenMs : undefined);
    }
  }

  /** No call was sent. @param told Redis hears of it, too */
  cancel(entry: LogEntry, now: number, told = false): void {
    this.#places.cancel(entry.id, told, now);
    this.#schedule.upset();
    if (entry.spaced) this.#nextSpaced = 0;
    if (this.#cold?.probe === entry.id) this.#cold = unprobed(this.#cold, undefined);
  }

  /** @see Window.schedule */
  schedule(now: number, latencyMs: number): Schedule {
    return this.#schedule.of(now, () => {
      const { windowMs } = this.#rules;
      // A call in flight will be answered in the usual time.
      const releases = this.#places.expected(now + latencyMs + windowMs);
      return forecast({ ...this.#occupancy(now), windowMs, releases }, now, latencyMs);
    });
  }

  /** Milliseconds until each of the next `count` calls could start. */
  forecast(now: number, count: number, latencyMs: number): number[] {
    return startsOf(this.schedule(now, latencyMs), count);
  }

  /**
   * Takes note of calls that the upstream counts and we do not know of: somebody else uses the key, or we have forgotten
   * some. They are held for a window from now. The upstream looked at some moment between the call's admission and now.
   * So we subtract all that we may have had there at any such moment: what was held at the admission, and all that has
   * been taken since, which includes what another answer has told of meanwhile. Nothing is counted twice.
   */
  #believe(entry: LogEntry, now: number, remaining: number): void {
    const known = entry.heldThen + (this.#taken - entry.takenThen);
    const excess = Math.min(this.#limit, this.#limit - remaining - known);
    if (!(excess > 0)) return;
    this.#taken += excess;
    this.#places.enterForeign(excess, now);
    this.#schedule.upset();
  }

  #occupancy(now: number): Occupancy {
    this.#forget(now);
    return {
      limit: this.#limit,
      budget: this.#budget,
      burst: this.#places.burst,
      held: this.#places.held,
      nextSpaced: this.#nextSpaced,
      pausedUntil: this.#pausedUntil,
      cold: this.#cold,
    };
  }

  /** Between two calls of a cold window whose first one could not learn how much room there is. */
  get #evenMs(): number {
    return this.#rules.windowMs / this.#limit;
  }

  #nextId(): string {
    return String(this.#serial++);
  }

  #forget(now: number): void {
    this.#places.forget(now);
    if (this.#cold === undefined) return;
    this.#cold = lasting(this.#cold, now, this.#leaseMs + MOST_PAUSE_MS, this.#rules.windowMs);
  }
}
