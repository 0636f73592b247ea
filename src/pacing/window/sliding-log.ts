/**
 * The sliding-window log: the rule of admission, applied to the permits that are known to be held. Pure: it sees no clock,
 * times are monotonic milliseconds that callers pass.
 */

import { forecast } from './forecast.ts';
import { type Permit, Permits } from './permits.ts';
import { within } from './reading.ts';
import { type Cold, type Grade, gradeOf, isGrade, nextChance, type Occupancy, roomOf } from './rule.ts';
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

/** A call of this process that was granted: to be passed again when it ends. */
export interface LogEntry extends Permit {
  /** When it was granted: permits held, this one included; and permits ever taken, those of others who use the API key, too. */
  readonly heldThen: number;
  readonly takenThen: number;
}

/** A window that processes share, as Redis tells of it. */
export interface Told {
  /** Of others than this process. */
  readonly permits: readonly Permit[];
  readonly nextSpaced: number;
  readonly pausedUntil: number;
  readonly cold: Cold | undefined;
}

/** How long a schedule is good for though calls end sooner or later than it took them to, milliseconds. */
const GOOD_MS = 10;

export class SlidingLog {
  readonly #rules: WindowRules;
  readonly #leaseMs: number;
  readonly #own = new Permits();
  #others = new Permits();
  #limit: number;
  #budget: Budget;
  #taken = 0;
  #nextSpaced = 0;
  #pausedUntil = 0;
  #cold: Cold | undefined;
  /** The call that went first in a cold window, while it is out. */
  #probe: LogEntry | undefined;
  /** What was foreseen last, when, and how many calls have started since, as it foresees, too. */
  #foreseen: { readonly schedule: Schedule; readonly at: number; started: number } | undefined;

  constructor(rules: WindowRules) {
    this.#rules = rules;
    this.#leaseMs = rules.callTimeoutMs + rules.windowMs;
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

  /** All that are held, by whomever. */
  get permits(): readonly Permit[] {
    return [...this.#own.list, ...this.#others.list];
  }

  /** Permits held, by whomever. */
  used(now: number): number {
    this.#forget(now);
    return this.#own.held + this.#others.held;
  }

  /** Permits held by this process. */
  own(now: number): readonly Permit[] {
    this.#forget(now);
    return this.#own.list;
  }

  /**
   * Trusts nothing for a while: one call goes first, and what its answer says of the room left is believed; where it says
   * nothing, the others follow evenly spaced. It ends, whatever it is told.
   * @param until when it trusts itself again in any case
   */
  chill(until: number, now: number): void {
    this.#cool({ until, next: 0, even: false }, now);
  }

  /** Grants nothing until then. */
  pause(until: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, until);
    this.#foreseen = undefined;
  }

  /** Goes by this process's own calls only: nobody tells of others any more. */
  seclude(now: number): void {
    this.adopt({ permits: [], nextSpaced: 0, pausedUntil: this.#pausedUntil, cold: undefined }, now);
  }

  /** Others' calls, and how the window is, are as Redis tells. This process's own calls are known best here. */
  adopt({ permits, nextSpaced, pausedUntil, cold }: Told, now: number): void {
    this.#others = new Permits(permits);
    this.#nextSpaced = nextSpaced;
    this.#pausedUntil = pausedUntil;
    this.#cool(cold, now);
  }

  /** How a call would get a permit now, or when to ask again, and why. */
  check(now: number): Grade | Blocked {
    const occupancy = this.occupancy(now);
    const grade = gradeOf(occupancy, now);
    if (isGrade(grade)) return grade;
    // A call in flight may end at any time, but its permit comes free no sooner than a window from then.
    const latest = now + this.#rules.windowMs;
    const first = (burst?: boolean): number =>
      Math.min(latest, this.#own.firstFree(burst), this.#others.firstFree(burst));
    const next = nextChance(occupancy, grade, now, { any: first(), burst: first(true) });
    return { retryInMs: next - now, reason: grade };
  }

  /** A permit, or when to ask again, and why. */
  admit(now: number): LogEntry | Blocked {
    const grade = this.check(now);
    return typeof grade === 'object' ? grade : this.grant(now, grade);
  }

  /** Enters a call of this process, for which there is a permit. */
  grant(now: number, grade: Grade): LogEntry {
    const heldThen = this.used(now) + 1;
    const spaced = grade === 'space';
    const entry = { releaseAt: now + this.#leaseMs, spaced, heldThen, takenThen: ++this.#taken };
    this.#own.add(entry);
    if (this.#foreseen) this.#foreseen.started++;
    if (spaced) this.#nextSpaced = now + this.#budget.spacingMs;
    if (this.#cold && grade === 'even') this.#cold = { ...this.#cold, next: now + this.#budget.evenMs };
    if (this.#cold && grade === 'probe') {
      this.#cold = { ...this.#cold, next: now + this.#rules.callTimeoutMs };
      this.#probe = entry;
    }
    return entry;
  }

  complete(entry: LogEntry, now: number, outcome: CallOutcome): void {
    const { answered, remaining, pauseMs = 0 } = outcome;
    // That a call ends was foreseen when the schedule was drawn up, unless the window is cold.
    if (this.#cold !== undefined) this.#foreseen = undefined;
    this.#own.remove(entry);
    entry.releaseAt = now + this.#rules.windowMs + (answered ? 0 : UNANSWERED_GRACE_MS);
    // Entered again if it was forgotten: the answer came only now, so the upstream may have counted it only now.
    this.#own.add(entry);
    if (pauseMs > 0) this.pause(now + Math.min(pauseMs, MOST_PAUSE_MS));
    if (remaining !== undefined) {
      this.#believe(entry, now, remaining);
      this.#cold = undefined;
    } else if (pauseMs > 0) {
      // The upstream counts more than this log does, and does not say how much: after its pause, one call goes first.
      this.chill(this.#pausedUntil + this.#rules.windowMs, now);
    } else this.#unprobe(entry, answered ? now + this.#budget.evenMs : undefined);
  }

  /** No call was sent. */
  cancel(entry: LogEntry): void {
    this.#own.remove(entry);
    this.#foreseen = undefined;
    if (entry.spaced) this.#nextSpaced = 0;
    this.#unprobe(entry, undefined);
  }

  /** @see Window.schedule. While there is room, nothing needs to be foreseen. */
  schedule(now: number, latencyMs: number): Schedule {
    const room = roomOf(this.occupancy(now), now);
    return { startOf: (n) => (n < room ? 0 : this.#foresee(now, latencyMs).startOf(n)) };
  }

  #foresee(now: number, latencyMs: number): Schedule {
    // Drawn up anew only now and then: a burst of calls is not to pay for one with each.
    if (this.#foreseen === undefined || !(now - this.#foreseen.at < GOOD_MS)) {
      const { windowMs } = this.#rules;
      // A call in flight will be answered in the usual time.
      const latest = now + latencyMs + windowMs;
      const releases = this.permits.map((permit) => ({ ...permit, at: Math.min(permit.releaseAt, latest) }));
      const schedule = forecast({ ...this.occupancy(now), windowMs, releases }, now, latencyMs);
      this.#foreseen = { schedule, at: now, started: 0 };
    }
    return seenFrom(this.#foreseen.schedule, now - this.#foreseen.at, this.#foreseen.started);
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
    this.#foreseen = undefined;
    this.#others.add({ releaseAt: now + this.#rules.windowMs, spaced: false, calls: excess, foreign: true });
  }

  /** How much is held, and what is not to be granted yet. */
  occupancy(now: number): Occupancy {
    return {
      limit: this.#limit,
      budget: this.#budget,
      held: this.used(now),
      burst: this.#own.burst + this.#others.burst,
      nextSpaced: this.#nextSpaced,
      pausedUntil: this.#pausedUntil,
      cold: this.#cold,
    };
  }

  #cool(cold: Cold | undefined, now: number): void {
    const latest = now + this.#leaseMs + MOST_PAUSE_MS;
    this.#cold = cold && {
      even: cold.even,
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
  #unprobe(entry: LogEntry, nextEven: number | undefined): void {
    if (this.#cold === undefined || this.#probe !== entry) return;
    this.#cold = { ...this.#cold, next: nextEven ?? 0, even: nextEven !== undefined };
    this.#probe = undefined;
  }

  #forget(now: number): void {
    this.#own.dropUntil(now);
    this.#others.dropUntil(now);
    if (this.#cold && this.#cold.until <= now) this.#cold = undefined;
  }
}
