/**
 * The sliding-window log: the rule of admission, applied to the permits that are known to be held. At most `limit` calls in any
 * window of `windowMs`, and at most `tokenLimit` tokens where these are limited, counted at the upstream, whose clock and whose
 * moment of counting we do not know. Pure: it sees no clock, times are monotonic milliseconds that callers pass.
 *
 * The invariant: an entry is held from admission until one window length after the answer came back. The upstream counts a call
 * at some moment between its sending and its answer; so when the last of k calls that it counts inside one window is admitted,
 * all k entries are still held, and k ≤ limit. So it is with their tokens, as long as none costs more than it was taken to.
 */

import { type Amount, excessOf, type Known, limitOf, NOTHING, sum, within } from './amount.ts';
import { schedulesOf } from './forecast.ts';
import { type Permit, Permits } from './permits.ts';
import { type Cold, type Grade, gradeOf, isGrade, levelOf, nextChance, type Occupancy } from './rule.ts';
import type { Schedules } from './schedule.ts';
import {
  type Blocked,
  type Budget,
  budgetOf,
  type CallOutcome,
  MOST_PAUSE_MS,
  sizeOf,
  UNANSWERED_GRACE_MS,
  type WindowRules,
} from './window.ts';

/** A call of this process that was granted: to be passed again when it ends. */
export interface LogEntry extends Permit {
  known: Known;
}

/** A window that processes share, as Redis tells of it. */
export interface Told extends Omit<Occupancy, 'calls' | 'tokens'> {
  /** Of others than this process. */
  readonly permits: readonly Permit[];
}

/** How long a forecast is good for though calls end sooner or later than it took them to, milliseconds. */
const GOOD_MS = 10;

export class SlidingLog {
  readonly #rules: WindowRules;
  readonly #leaseMs: number;
  #permits = new Permits();
  #limit: Amount;
  #budget: Budget;
  #taken = NOTHING;
  #nextSpaced = 0;
  #pausedUntil = 0;
  /** Undefined: the window trusts itself. */
  #cold: Cold | undefined;
  /** The call that went first in a cold window, while it is out. */
  #probe: LogEntry | undefined;
  /** What is foreseen: a burst of calls is not to pay for it with each. */
  #foreseen: Schedules | undefined;
  #foreseenAt = 0;

  constructor(rules: WindowRules) {
    this.#rules = rules;
    this.#leaseMs = rules.callTimeoutMs + rules.windowMs;
    this.#limit = limitOf(rules);
    this.#budget = budgetOf(rules);
  }

  /** At least one call. */
  set limit(limit: Amount) {
    if (limit.calls === this.#limit.calls && limit.tokens === this.#limit.tokens) return;
    this.#limit = limit;
    this.#budget = budgetOf({ ...this.#rules, limit: limit.calls });
    this.#foreseen = undefined;
  }

  /** All that are held, by whomever, in the order in which they come free. */
  get permits(): readonly Permit[] {
    return this.#permits.list;
  }

  /** What is held, by whomever. */
  used(now: number): Amount {
    this.#forget(now);
    return { ...this.#permits.held };
  }

  /** Permits held by this process. */
  own(now: number): readonly Permit[] {
    this.#forget(now);
    return this.#permits.list.filter((permit) => 'known' in permit);
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
    this.#permits = new Permits([...this.own(now), ...permits]);
    [this.#nextSpaced, this.#pausedUntil] = [nextSpaced, pausedUntil];
    this.#cool(cold, now);
  }

  /** How a call of so many tokens would get a permit now, or when to ask again, and why. */
  check(now: number, tokens = 0): Grade | Blocked {
    const occupancy = this.occupancy(now);
    const grade = gradeOf(occupancy, tokens, now);
    if (isGrade(grade)) return grade;
    // A call in flight may end at any time, but its permit comes free no sooner than a window from then.
    const latest = now + this.#rules.windowMs;
    const { held = 0, limit = 0 } = occupancy.tokens ?? {};
    const next = nextChance(occupancy, grade, now, {
      any: Math.min(latest, this.#permits.firstFree()),
      burst: Math.min(latest, this.#permits.firstFree(true)),
      tokens: Math.min(latest, this.#permits.whenFree(held + tokens - limit)),
    });
    return { retryInMs: next - now, reason: grade };
  }

  /** Enters a call of this process, for which there is a permit. */
  grant(now: number, grade: Grade, tokens = 0): LogEntry {
    const one = { calls: 1, tokens };
    const spaced = grade === 'space';
    const known = { held: sum(this.used(now), one), taken: sum(this.#taken, one) };
    const entry: LogEntry = { releaseAt: now + this.#leaseMs, spaced, ...one, known };
    this.#taken = known.taken;
    this.#permits.add(entry);
    this.#foreseen = undefined;
    const size = sizeOf(tokens, this.#rules);
    if (spaced) this.#nextSpaced = now + size * this.#budget.spacingMs;
    if (grade === 'probe') this.#probe = entry;
    if (this.#cold && (grade === 'probe' || grade === 'even')) {
      const waitMs = grade === 'probe' ? this.#rules.callTimeoutMs : size * this.#budget.evenMs;
      this.#cold = { ...this.#cold, next: now + waitMs };
    }
    return entry;
  }

  complete(entry: LogEntry, now: number, outcome: CallOutcome): void {
    const { answered, pauseMs = 0 } = outcome;
    // That a call ends was foreseen when the schedule was drawn up, unless the window is cold.
    if (this.#cold) this.#foreseen = undefined;
    this.#permits.remove(entry);
    this.#correct(entry, outcome.tokens);
    entry.releaseAt = now + this.#rules.windowMs + (answered ? 0 : UNANSWERED_GRACE_MS);
    // Entered again if it was forgotten: the answer came only now, so the upstream may have counted it only now.
    this.#permits.add(entry);
    if (pauseMs > 0) this.pause(now + Math.min(pauseMs, MOST_PAUSE_MS));
    this.#believe(entry, now, outcome);
    const tellsTokens = this.#rules.tokenLimit === undefined || outcome.remainingTokens !== undefined;
    if (outcome.remaining !== undefined && tellsTokens) this.#cold = undefined;
    else if (pauseMs > 0) {
      // The upstream counts more than this log does, and does not say how much: after its pause, one call goes first.
      this.chill(this.#pausedUntil + this.#rules.windowMs, now);
    } else {
      const evenMs = sizeOf(entry.tokens, this.#rules) * this.#budget.evenMs;
      this.#endProbe(entry, answered ? now + evenMs : undefined);
    }
  }

  /** No call was sent. */
  cancel(entry: LogEntry): void {
    this.#permits.remove(entry);
    this.#foreseen = undefined;
    if (entry.spaced) this.#nextSpaced = 0;
    this.#endProbe(entry, undefined);
  }

  /** @see FleetWindow.schedules */
  schedules(now: number, latencyMs: number): Schedules {
    if (this.#foreseen === undefined || !(now - this.#foreseenAt < GOOD_MS)) {
      const { windowMs } = this.#rules;
      const seen = { occupancy: this.occupancy(now), permits: () => this.permits, windowMs };
      this.#foreseen = schedulesOf(seen, now, latencyMs);
      this.#foreseenAt = now;
    }
    return this.#foreseen;
  }

  /** Of this call it is known now what it has cost, and what was held with it. */
  #correct(entry: LogEntry, tokens = entry.tokens): void {
    const more = { calls: 0, tokens: tokens - entry.tokens };
    if (more.tokens === 0) return;
    entry.tokens = tokens;
    entry.known = { held: sum(entry.known.held, more), taken: sum(entry.known.taken, more) };
    this.#taken = sum(this.#taken, more);
    this.#foreseen = undefined;
  }

  /** Takes note of what the upstream counts and we do not know of: somebody else uses the key, or we have forgotten some. */
  #believe({ known }: LogEntry, now: number, outcome: CallOutcome): void {
    const more = excessOf(outcome, known, this.#taken, this.#limit);
    if (!(more.calls + more.tokens > 0)) return;
    this.#taken = sum(this.#taken, more);
    this.#foreseen = undefined;
    // Held for a window from now.
    this.#permits.add({ releaseAt: now + this.#rules.windowMs, spaced: false, ...more, foreign: true });
  }

  /** How much is held, and what is not to be granted yet. */
  occupancy(now: number): Occupancy {
    this.#forget(now);
    const { held, burst } = this.#permits;
    const { calls, tokens } = this.#limit;
    return {
      calls: levelOf(calls, burst.calls, held.calls),
      tokens: Number.isFinite(tokens) ? levelOf(tokens, burst.tokens, held.tokens) : undefined,
      nextSpaced: this.#nextSpaced,
      pausedUntil: this.#pausedUntil,
      cold: this.#cold,
    };
  }

  /** Whoever tells of a cold window, it ends. */
  #cool(cold: Cold | undefined, now: number): void {
    const latest = now + this.#leaseMs + MOST_PAUSE_MS;
    const soon = (moment: number, first: number): number => within(moment, first, latest);
    this.#cold = cold && { ...cold, until: soon(cold.until, now), next: soon(cold.next, 0) };
    [this.#probe, this.#foreseen] = [undefined, undefined];
  }

  /**
   * If the call was the first one of a cold window, it has not told how much room there is.
   * @param nextEven when the next call may go; undefined: the upstream has not counted this one, so another goes first
   */
  #endProbe(call: LogEntry, nextEven: number | undefined): void {
    if (this.#cold === undefined || this.#probe !== call) return;
    this.#cold = { ...this.#cold, next: nextEven ?? 0, even: nextEven !== undefined };
    this.#probe = undefined;
  }

  #forget(now: number): void {
    this.#permits.dropUntil(now);
    if (this.#cold && this.#cold.until <= now) this.#cold = undefined;
  }
}
