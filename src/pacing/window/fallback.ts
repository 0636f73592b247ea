/**
 * What a process goes by while Redis is lost: its share of the limit, applied to its own calls. The rules are in alone.ts;
 * this is where they are in force, from the moment at which Redis is lost until the shared window may be used again. Sees no
 * clock: times are monotonic milliseconds that callers pass.
 */

import { type Alone, allowed, BEAT_MS, goAlone, isOver, type Loss, ownPart } from './alone.ts';
import { type Schedule, seenFrom } from './schedule.ts';
import type { LogEntry, SlidingLog } from './sliding-log.ts';
import type { Blocked, CallOutcome, WindowRules } from './window.ts';

export class Fallback {
  readonly #rules: WindowRules;
  readonly #log: SlidingLog;
  #alone: Alone | undefined;

  constructor(rules: WindowRules, log: SlidingLog) {
    this.#rules = rules;
    this.#log = log;
  }

  /** Undefined while the shared window is in force. */
  get alone(): Alone | undefined {
    return this.#alone;
  }

  /** Redis can be told of calls: it is not lost, or it is back, though its window is not to be relied on yet. */
  get reachable(): boolean {
    return this.#alone === undefined || this.#alone.back !== undefined;
  }

  /**
   * Redis is lost, or was back and is lost again. Nothing changes when it has been lost all the time.
   * @returns whether the shared window was in force until now
   */
  begin(loss: Pick<Loss, 'heardMs' | 'others' | 'all'>, now: number): boolean {
    const before = this.#alone;
    if (before !== undefined && before.back === undefined) return false;
    this.#alone = goAlone({ ...loss, rules: this.#rules, before, own: this.#log.own.held(now) }, now);
    this.#log.own.doubt();
    this.#log.limit = allowed(this.#alone.allowance, now);
    if (before !== undefined) return false;
    this.#log.seclude();
    // Redis was never there, so nobody knows what the process before this one has sent a moment ago.
    if (loss.heardMs === undefined) {
      this.#log.chill(now + this.#rules.callTimeoutMs + this.#rules.windowMs, now);
    }
    return true;
  }

  /**
   * Redis has taken this process's calls.
   * @param asked what `alone` was when Redis was asked: if it is not the same now, Redis was lost again meanwhile
   * @param askedAt when that was
   * @param processes others of which Redis has heard
   * @returns whether the shared window is in force again
   */
  end(asked: Alone, askedAt: number, processes: ReadonlySet<string>): boolean {
    if (this.#alone !== asked) return false;
    asked.back = { at: asked.back?.at ?? askedAt, processes };
    if (!isOver(asked, this.#rules, askedAt)) return false;
    this.#alone = undefined;
    this.#log.limit = this.#rules.limit;
    return true;
  }

  /** A place of this process's share, or when to ask again: after a beat at most, since Redis may be back. */
  admit(id: string, now: number): LogEntry | Blocked {
    const { allowance } = this.#alone!;
    if (now < allowance.from) return { retryInMs: Math.min(allowance.from - now, BEAT_MS), reason: 'alone' };
    this.#log.limit = allowed(allowance, now);
    const entry = this.#log.admit(now, id);
    if (!('retryInMs' in entry)) return entry;
    const retryInMs = Math.min(entry.retryInMs, BEAT_MS);
    return { retryInMs, reason: entry.reason === 'paused' ? 'paused' : 'alone' };
  }

  /** @see Window.schedule */
  schedule(now: number, latencyMs: number): Schedule {
    const { allowance } = this.#alone!;
    // Nothing starts before everybody has noticed that Redis is lost.
    const at = Math.max(now, allowance.from);
    this.#log.limit = allowed(allowance, at);
    return seenFrom(this.#log.schedule(at, latencyMs), now - at);
  }

  /** What this process alone makes of the end of a call. */
  ownPart(outcome: CallOutcome): CallOutcome {
    return ownPart(outcome, this.#alone);
  }
}
