/**
 * The one record of the calls that may count upstream, as a sliding-window log: this process's own, and those of others,
 * as Redis or the upstream tells of them. What has come free is forgotten, whoever tells of it or not. Pure: it sees no
 * clock, times are monotonic milliseconds that callers pass.
 */

import { forecast } from './forecast.ts';
import { KeptSchedule } from './kept-schedule.ts';
import { within } from './numbers.ts';
import { OwnCalls } from './own-calls.ts';
import { type Release, Releases } from './releases.ts';
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

/** A call that was admitted, for whoever is to tell of its end. */
export interface LogEntry {
  readonly id: string;
  /** Granted in the spaced way, not as asked. */
  readonly spaced: boolean;
  /** Places held, this one included, and places ever taken, by others who use the key, too, when this one was. */
  readonly heldThen: number;
  readonly grantedThen: number;
}

/** What a log that trusts nothing may do meanwhile. */
export interface Chill {
  /** When it trusts itself again in any case. */
  readonly until: number;
  /** Milliseconds between two calls when the first does not learn how much room there is. Default: the limit's share. */
  readonly evenMs?: number | undefined;
}

/** A window that processes share, as Redis tells of it. */
export interface Told {
  readonly burst: readonly ToldPlace[];
  readonly spaced: readonly ToldPlace[];
  readonly nextSpaced: number;
  readonly pausedUntil: number;
  readonly cold: Cold | undefined;
}

/** @see Release; without an id it stands for places of any process, this one included. */
export interface ToldPlace extends Release {
  readonly id: string | undefined;
}

interface Held extends Release {
  readonly owner: 'own' | 'others' | 'foreign';
}

interface ColdState extends Cold {
  readonly evenMs: number;
  /** The call that went first, while it is out. */
  readonly probe: string | undefined;
}

/** How soon to look again whether a cold window's first call has been answered, milliseconds. */
const COLD_POLL_MS = 100;

/** What the upstream tells of others is kept in so many records a window at most. */
const FOREIGN_RECORDS = 16;

export class SlidingLog {
  readonly #rules: WindowRules;
  readonly #leaseMs: number;
  readonly #own: OwnCalls;
  readonly #held = { burst: new Releases<Held>(), spaced: new Releases<Held>() };
  readonly #schedule = new KeptSchedule();
  /** The last that the upstream told of others, and the first of it. */
  #foreign: (Held & { readonly since: number }) | undefined;
  #limit: number;
  #budget: Budget;
  #granted = 0;
  #serial = 0;
  #nextSpaced = 0;
  #pausedUntil = 0;
  #cold: ColdState | undefined;

  constructor(rules: WindowRules) {
    this.#rules = rules;
    this.#leaseMs = rules.callTimeoutMs + rules.windowMs;
    this.#own = new OwnCalls(this.#leaseMs);
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

  /** Places held, by whomever. */
  used(now: number): number {
    this.#forget(now);
    return this.#held.burst.calls + this.#held.spaced.calls;
  }

  /** This process's calls. */
  get own(): OwnCalls {
    return this.#own;
  }

  /** How much is kept, whatever it stands for. */
  get records(): number {
    return this.#held.burst.list.length + this.#held.spaced.list.length + this.#own.size;
  }

  /** Trusts nothing for a while: one call goes first, and what its answer says of the room left is believed. */
  chill({ until, evenMs }: Chill): void {
    const spacing = Math.max(0, evenMs ?? this.#rules.windowMs / this.#limit);
    this.#cold = { until, nextProbe: 0, nextEven: undefined, evenMs: spacing, probe: undefined };
    this.#schedule.upset();
  }

  /** Goes by this process's own calls only: nobody tells of others any more. */
  seclude(): void {
    this.#keep((place) => place.owner === 'own');
    this.#nextSpaced = 0;
    this.#cold = undefined;
    this.#schedule.upset();
  }

  /** Others' calls, and how the window is, are as Redis tells; its own calls are known best here. */
  adopt({ burst, spaced, nextSpaced, pausedUntil, cold }: Told, now: number): void {
    this.#forget(now);
    this.#foreign = undefined;
    this.#exchange(this.#held.burst, burst);
    this.#exchange(this.#held.spaced, spaced);
    this.#nextSpaced = nextSpaced;
    this.#pausedUntil = pausedUntil;
    this.#cold = cold && { ...cold, evenMs: this.#rules.windowMs / this.#limit, probe: undefined };
    this.#schedule.upset();
  }

  /**
   * A place, or when to ask again, and why.
   * @param id names the call among all processes' calls
   */
  admit(now: number, id: string = this.#nextId()): LogEntry | Blocked {
    const grade = gradeOf(this.#occupancy(now), now);
    switch (grade) {
      case 'paused':
        return { retryInMs: this.#pausedUntil - now, reason: grade };
      case 'full':
        return {
          retryInMs: this.#nextRelease(now, this.#held.burst, this.#held.spaced) - now,
          reason: grade,
        };
      case 'spaced': {
        const next = Math.min(this.#nextRelease(now, this.#held.burst), this.#nextSpaced);
        return { retryInMs: next - now, reason: grade };
      }
      case 'cold':
        return { retryInMs: this.#nextWarmth(this.#cold!, now) - now, reason: grade };
      case 'probe':
        this.#cold = { ...this.#cold!, nextProbe: now + this.#rules.callTimeoutMs, probe: id };
        return this.grant(now, false, id);
      case 'even':
        this.#cold = { ...this.#cold!, nextEven: now + this.#cold!.evenMs };
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
    const call = this.#own.add(id, { spaced, releaseAt: now + this.#leaseMs, told }, now);
    this.#kind(spaced).add(call);
    this.#schedule.start();
    return { id, spaced, heldThen: this.used(now), grantedThen: ++this.#granted };
  }

  /** @param told Redis hears of it, too */
  complete(entry: LogEntry, now: number, outcome: CallOutcome, told = false): void {
    const { answered, remaining, pauseMs = 0 } = outcome;
    const releaseAt = now + this.#rules.windowMs + (answered ? 0 : UNANSWERED_GRACE_MS);
    // An answer within a warm window is what was foreseen, unless it tells of what nobody knew of.
    if (this.#cold !== undefined || pauseMs > 0) this.#schedule.upset();
    // Entered again if it was forgotten: the answer came only now, so the upstream may have counted it only now.
    this.#remove(entry.id);
    this.#kind(entry.spaced).add(this.#own.add(entry.id, { spaced: entry.spaced, releaseAt, told }, now));
    if (pauseMs > 0) this.#pausedUntil = Math.max(this.#pausedUntil, now + Math.min(pauseMs, MOST_PAUSE_MS));
    if (remaining !== undefined) {
      this.#believe(entry, now, remaining);
      this.#cold = undefined;
    } else if (pauseMs > 0) {
      // The upstream counts more than this log does, and does not say how much: after its pause, one call goes first.
      this.chill({ until: this.#pausedUntil + this.#rules.windowMs });
    } else if (this.#cold?.probe === entry.id) {
      const nextEven = answered ? now + this.#cold.evenMs : undefined;
      this.#cold = { ...this.#cold, nextProbe: 0, probe: undefined, nextEven };
    }
  }

  /** No call was sent. @param told Redis hears of it, too */
  cancel(entry: LogEntry, now: number, told = false): void {
    this.#remove(entry.id);
    this.#own.cancel(entry.id, now, told);
    this.#schedule.upset();
    if (entry.spaced) this.#nextSpaced = 0;
    if (this.#cold?.probe === entry.id) this.#cold = { ...this.#cold, nextProbe: 0, probe: undefined };
  }

  /** @see Window.schedule */
  schedule(now: number, latencyMs: number): Schedule {
    return this.#schedule.of(now, () => {
      const { windowMs } = this.#rules;
      const { limit, budget, nextSpaced, pausedUntil, cold } = this.#occupancy(now);
      // A call in flight will be answered in the usual time.
      const latest = now + latencyMs + windowMs;
      const releases = [this.#held.burst, this.#held.spaced].flatMap(({ list }, kind) =>
        list.map(({ releaseAt, calls }) => ({ at: Math.min(releaseAt, latest), spaced: kind === 1, calls })),
      );
      return forecast({ limit, budget, nextSpaced, pausedUntil, cold, windowMs, releases }, now, latencyMs);
    });
  }

  /** Milliseconds until each of the next `count` calls could start. */
  forecast(now: number, count: number, latencyMs: number): number[] {
    return startsOf(this.schedule(now, latencyMs), count);
  }

  /**
   * The upstream counts more calls than we can have made: somebody else uses the key, or we have forgotten some. Their
   * places are held for a window from now. Counted against all that we may have had there when the upstream looked,
   * which was between the entry's admission and now, so that none is counted twice: neither our own, nor what another
   * answer has told of meanwhile.
   */
  #believe(entry: LogEntry, now: number, remaining: number): void {
    const ours = entry.heldThen + (this.#granted - entry.grantedThen);
    const excess = Math.min(this.#limit, this.#limit - remaining - ours);
    if (!(excess > 0)) return;
    this.#schedule.upset();
    this.#granted += excess;
    const { windowMs } = this.#rules;
    const releaseAt = now + windowMs;
    // One record for all that is told of within a moment, however many there are.
    const last = this.#foreign;
    const merged = last && now - last.since < windowMs / FOREIGN_RECORDS && this.#held.burst.remove(last);
    const [calls, since] = merged ? [excess + last.calls, last.since] : [excess, now];
    this.#foreign = { owner: 'foreign', releaseAt, calls, since };
    this.#held.burst.add(this.#foreign);
  }

  #occupancy(now: number): Occupancy {
    const held = this.used(now);
    return {
      limit: this.#limit,
      budget: this.#budget,
      burst: this.#held.burst.calls,
      held,
      nextSpaced: this.#nextSpaced,
      pausedUntil: this.#pausedUntil,
      cold: this.#cold,
    };
  }

  /** A call in flight may end at any time, but its place comes free no sooner than a window from then. */
  #nextRelease(now: number, ...kinds: Releases<Held>[]): number {
    const latest = now + this.#rules.windowMs;
    return Math.min(latest, ...kinds.map(({ first }) => first ?? latest));
  }

  /** When a cold window may grant something. */
  #nextWarmth(cold: ColdState, now: number): number {
    const next = cold.nextEven ?? (cold.probe === undefined ? cold.nextProbe : now + COLD_POLL_MS);
    return Math.min(next, cold.until);
  }

  #kind(spaced: boolean): Releases<Held> {
    return spaced ? this.#held.spaced : this.#held.burst;
  }

  #remove(id: string): void {
    const call = this.#own.get(id);
    if (call !== undefined) this.#kind(call.spaced).remove(call);
  }

  #exchange(held: Releases<Held>, told: readonly ToldPlace[]): void {
    const own = held.list.reduce((sum, { owner }) => sum + (owner === 'own' ? 1 : 0), 0);
    const total = told.reduce((sum, { calls }) => sum + calls, 0);
    const others: Held[] = [];
    let [before, entered] = [0, 0];
    for (const { id, releaseAt, calls } of told) {
      if (id !== undefined && this.#own.get(id) !== undefined) continue;
      // Where places have no names, this process's own are among them, in proportion.
      const share = id === undefined ? Math.max(0, total - own) / total : 1;
      before += calls * share;
      const mine = Math.round(before) - entered;
      entered += mine;
      if (mine > 0) others.push({ owner: 'others', releaseAt, calls: mine });
    }
    held.exchange((place) => place.owner === 'own', others);
  }

  #keep(keep: (place: Held) => boolean): void {
    this.#held.burst.exchange(keep);
    this.#held.spaced.exchange(keep);
    this.#foreign = undefined;
  }

  #nextId(): string {
    return String(this.#serial++);
  }

  #forget(now: number): void {
    this.#held.burst.dropUntil(now);
    this.#held.spaced.dropUntil(now);
    this.#own.forget(now);
    if (this.#cold === undefined) return;
    this.#cold = bounded(this.#cold, now, this.#rules, this.#leaseMs + MOST_PAUSE_MS);
    if (this.#cold.until <= now) this.#cold = undefined;
  }
}

/** A cold state always ends, whatever numbers it was given. */
const bounded = (cold: ColdState, now: number, { windowMs }: WindowRules, mostMs: number): ColdState => {
  const { until, nextProbe, nextEven, evenMs } = cold;
  return {
    ...cold,
    until: atMost(until, now + mostMs),
    nextProbe: atMost(nextProbe, now + mostMs),
    nextEven: nextEven === undefined ? undefined : atMost(nextEven, now + windowMs),
    evenMs: within(evenMs, 0, windowMs),
  };
};

/** @returns the bound for what is no number, too */
const atMost = (number: number, most: number): number => (number <= most ? number : most);
