/**
 * The sliding-window log: the rule of admission, applied to the places that are known to be held. Pure: it sees no clock,
 * times are monotonic milliseconds that callers pass.
 */

import { forecast } from './forecast.ts';
import { within } from './numbers.ts';
import type { OwnCalls } from './own-calls.ts';
import { Places, type ToldPlace } from './places.ts';
import { type Cold, type Grade, gradeOf, isGrade, nextChance, type Occupancy } from './rule.ts';
import { type Schedule, seenFrom } from './schedule.ts';
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

/** How soon to look again whether the first call of a cold window has been answered, milliseconds. */
const POLL_MS = 100;

/** How long a schedule is good for though calls end sooner or later than it took them to, milliseconds. */
const GOOD_MS = 10;

export class SlidingLog {
  readonly #rules: WindowRules;
  readonly #leaseMs: number;
  readonly #places: Places;
  #limit: number;
  #budget: Budget;
  #taken = 0;
  #serial = 0;
  #nextSpaced = 0;
  #pausedUntil = 0;
  #cold: Cold | undefined;
  /** The call that went first in a cold window, while it is out. */
  #probe: string | undefined;
  /** What was foreseen last, when, and how many calls have started since, as it foresees, too. */
  #foreseen: { readonly schedule: Schedule; readonly at: number; started: number } | undefined;

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
    this.#foreseen = undefined;
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

  /**
   * Trusts nothing for a while: one call goes first, and what its answer says of the room left is believed; where it says
   * nothing, the others follow evenly spaced. It ends, whatever it is told.
   * @param until when it trusts itself again in any case
   */
  chill(until: number, now: number): void {
    this.#cool({ until, next: 0, even: false }, now);
  }

  /** Goes by this process's own calls only: nobody tells of others any more. */
  seclude(): void {
    this.#places.adopt();
    this.#nextSpaced = 0;
    this.#cold = undefined;
    this.#foreseen = undefined;
  }

  /** Others' calls, and how the window is, are as Redis tells. */
  adopt({ burst, spaced, nextSpaced, pausedUntil, cold }: Told, now: number): void {
    this.#forget(now);
    this.#places.adopt(burst, spaced);
    this.#nextSpaced = nextSpaced;
    this.#pausedUntil = pausedUntil;
    this.#cool(cold, now);
    this.#foreseen = undefined;
  }

  /**
   * A place, or when to ask again, and why.
   * @param id names the call among all processes' calls
   */
  admit(now: number, id: string = this.#nextId()): LogEntry | Blocked {
    const occupancy = this.#occupancy(now);
    const grade = gradeOf(occupancy, now);
    if (!isGrade(grade)) {
      // A call in flight may end at any time, but its place comes free no sooner than a window from then.
      const latest = now + this.#rules.windowMs;
      const free = { any: this.#places.firstFree(latest), burst: this.#places.firstFree(latest, true) };
      const next = nextChance(occupancy, grade, free);
      const soon = grade === 'cold' && !this.#cold!.even ? Math.min(next, now + POLL_MS) : next;
      return { retryInMs: soon - now, reason: grade };
    }
    this.#enter(grade, id, now);
    return this.grant(now, grade === 'space', id);
  }

  /** What it means for the next calls that one has been granted. */
  #enter(grade: Grade, id: string, now: number): void {
    if (grade === 'space') this.#nextSpaced = now + this.#budget.spacingMs;
    if (grade === 'even') this.#cold = { ...this.#cold!, next: now + this.#evenMs };
    if (grade !== 'probe') return;
    this.#cold = { ...this.#cold!, next: now + this.#rules.callTimeoutMs };
    this.#probe = id;
  }

  /**
   * Enters a call of this process.
   * @param told Redis has granted it
   */
  grant(now: number, spaced: boolean, id = this.#nextId(), told = false): LogEntry {
    this.#places.enter(id, spaced, now + this.#leaseMs, told, now);
    if (this.#foreseen) this.#foreseen.started++;
    return { id, spaced, heldThen: this.used(now), takenThen: ++this.#taken };
  }

  /** @param told Redis hears of it, too */
  complete(entry: LogEntry, now: number, outcome: CallOutcome, told = false): void {
    const { answered, remaining, pauseMs = 0 } = outcome;
    const releaseAt = now + this.#rules.windowMs + (answered ? 0 : UNANSWERED_GRACE_MS);
    // That a call ends was foreseen when the schedule was drawn up, unless the window is cold or is to pause.
    if (this.#cold !== undefined || pauseMs > 0) this.#foreseen = undefined;
    // Entered again if it was forgotten: the answer came only now, so the upstream may have counted it only now.
    this.#places.enter(entry.id, entry.spaced, releaseAt, told, now);
    if (pauseMs > 0) this.#pausedUntil = Math.max(this.#pausedUntil, now + Math.min(pauseMs, MOST_PAUSE_MS));
    if (remaining !== undefined) {
      this.#believe(entry, now, remaining);
      this.#cold = undefined;
    } else if (pauseMs > 0) {
      // The upstream counts more than this log does, and does not say how much: after its pause, one call goes first.
      this.chill(this.#pausedUntil + this.#rules.windowMs, now);
    } else this.#unprobe(entry, answered ? now + this.#evenMs : undefined);
  }

  /** No call was sent. @param told Redis hears of it, too */
  cancel(entry: LogEntry, now: number, told = false): void {
    this.#places.cancel(entry.id, told, now);
    this.#foreseen = undefined;
    if (entry.spaced) this.#nextSpaced = 0;
    this.#unprobe(entry, undefined);
  }

  /** @see Window.schedule */
  schedule(now: number, latencyMs: number): Schedule {
    // Drawn up anew only now and then: a burst of calls is not to pay for one with each.
    if (this.#foreseen === undefined || !(now - this.#foreseen.at < GOOD_MS)) {
      const { windowMs } = this.#rules;
      // A call in flight will be answered in the usual time.
      const releases = this.#places.expected(now + latencyMs + windowMs);
      const schedule = forecast({ ...this.#occupancy(now), windowMs, releases }, now, latencyMs);
      this.#foreseen = { schedule, at: now, started: 0 };
    }
    const { schedule, at, started } = this.#foreseen;
    return seenFrom(schedule, now - at, started);
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
    this.#foreseen = undefined;
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

  #cool(cold: Cold | undefined, now: number): void {
    const latest = now + this.#leaseMs + MOST_PAUSE_MS;
    this.#cold = cold && {
      ...cold,
      until: within(cold.until, now, latest),
      next: within(cold.next, 0, latest),
    };
    this.#probe = undefined;
    this.#foreseen = undefined;
  }

  /**
   * If it was the first call of a cold window, it has ended, and has not told how much room there is.
   * @param nextEven when the next call may go; undefined: the upstream has not counted this one, so another goes first
   */
  #unprobe({ id }: LogEntry, nextEven: number | undefined): void {
    if (this.#cold === undefined || this.#probe !== id) return;
    this.#cold = { ...this.#cold, next: nextEven ?? 0, even: nextEven !== undefined };
    this.#probe = undefined;
  }

  #forget(now: number): void {
    this.#places.forget(now);
    if (this.#cold && this.#cold.until <= now) this.#cold = undefined;
  }
}
