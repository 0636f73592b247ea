/**
 * The window of a process: in its own memory; if others share the budget, in Redis while Redis answers, and when it does not, on
 * this process's share of the budget (see alone.ts). Either way every call is in one log, so that what Redis misses or forgets
 * is told to it again.
 */

import { type Failure, failureOf } from '../../redis/failure.ts';
import { type Alone, allowed, BEAT_MS, goAlone, isOver, ownPart } from './alone.ts';
import { type Amount, believable, limitOf, NOTHING, sum } from './amount.ts';
import { Exchanges } from './exchanges.ts';
import type { RedisWindow } from './redis-window.ts';
import type { Heard, SharedGrant, View } from './reply.ts';
import type { Grade } from './rule.ts';
import { type Schedules, startOf } from './schedule.ts';
import { SlidingLog } from './sliding-log.ts';
import type { Admission, Backlog, Blocked, Line, WindowEntry, WindowRules } from './window.ts';

export interface FleetWindowOptions {
  readonly rules: WindowRules;
  /** Where it is shared; undefined: this process has the budget to itself. */
  readonly shared?: RedisWindow | undefined;
  /** Told when the shared window is lost, with the cause, and when it is in force again. */
  readonly onChange?: (state: 'shared' | 'alone', cause?: Failure) => void;
  /** Told of every mistake of ours, once until the shared window was lost and is in force again. */
  readonly onBug?: (error: unknown) => void;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
}

const NOBODY: Backlog = { due: () => 0, line: () => [], adopt: () => {}, wake: () => {} };

/** Admission to one attachment's budget for one model. */
export class FleetWindow {
  readonly rules: WindowRules;
  readonly #options: FleetWindowOptions;
  readonly #redis: RedisWindow | undefined;
  readonly #log: SlidingLog;
  readonly #now: () => number;
  readonly #exchanges = new Exchanges((wanted, hears) => this.#admit(wanted, hears));
  #backlog = NOBODY;
  /** Set while the window that others share is not in force. */
  #alone: (Alone & { readonly cause: Failure }) | undefined;
  #leaves = false;
  /** Mistakes of ours that were told: what fails at every beat is not to fill the log. */
  readonly #mistakes = new Set<string>();

  constructor(options: FleetWindowOptions) {
    const { rules, shared, now = () => performance.now() } = options;
    [this.#options, this.rules, this.#redis, this.#now] = [options, rules, shared, now];
    this.#log = new SlidingLog(rules);
    // The process before this one may have used up the upstream's window a moment ago.
    if (shared === undefined) this.#log.chill(now() + rules.windowMs, now());
  }

  /** To be called once, with what waits for this process's places. */
  attach(backlog: Backlog): void {
    this.#backlog = backlog;
  }

  /** Takes as many of the `wanted` places, at most MOST_AT_ONCE, as there are now, or says when to ask again, and why. Never rejects. */
  async admit(wanted: number): Promise<Admission> {
    // Nobody waits for a Redis that does not answer.
    return this.#reachable ? this.#exchanges.soon(wanted, false) : this.#admitHere();
  }

  /** Why the calls of the processes that share the window cannot be seen; undefined: they can. */
  get lost(): Failure | undefined {
    return this.#alone?.cause;
  }

  /** What is held now: calls, and their tokens, that may still count at the upstream. */
  used(): Amount {
    return this.#log.used(this.#now());
  }

  /** How it stands, in monotonic milliseconds: the upstream is left alone until `pausedUntil`; `block`: why no permit is free. */
  look() {
    const [log, now] = [this.#logNow(), this.#now()];
    const verdict = log.check(now, this.#backlog.due());
    const block = typeof verdict === 'object' ? verdict.reason : undefined;
    return { now, permits: log.permits, pausedUntil: log.occupancy(now).pausedUntil, block };
  }

  /** Makes sure that what is known of other processes is of this moment; undefined: there are none. Never rejects. */
  refresh(): Promise<unknown> | undefined {
    return this.#inForce && this.#exchanges.soon(0, true);
  }

  /** What waits in other processes that share the window, as far as is known. */
  elsewhere(): Line {
    return this.#inForce?.elsewhere ?? [];
  }

  /** When the next calls of anybody could start, from now on, if each lasts `latencyMs`. */
  schedules(latencyMs: number): Schedules {
    return this.#logNow().schedules(this.#now(), latencyMs);
  }

  /**
   * To be called every BEAT_MS where others share the window: lets them know that this process is there, learns who they are,
   * and notices that Redis is lost, is back, has forgotten everything, or has a permit, also while there are no calls. Never
   * rejects.
   */
  async beat(): Promise<void> {
    await this.#exchanges.soon(0, true);
    this.#guard(() => {
      if (this.#inForce && startOf(this.schedules(0), NOTHING, this.#backlog.due()) === 0)
        this.#backlog.wake();
    });
  }

  /** This process takes part no longer. Never rejects. */
  async leave(): Promise<void> {
    this.#leaves = true;
    await this.#exchanges.soon(0, false);
  }

  /** Redis decides. */
  get #inForce(): RedisWindow | undefined {
    return this.#alone ? undefined : this.#redis;
  }

  /** Redis can be told of calls: it is not lost, or it is back, though its window is not to be relied on yet. */
  get #reachable(): RedisWindow | undefined {
    return this.#alone && !this.#alone.back ? undefined : this.#redis;
  }

  /** Undefined when Redis is lost. */
  async #exchange(wanted: number, hears: boolean): Promise<Heard | undefined> {
    const askedAt = this.#now();
    try {
      const [permits, line, leaves] = [this.#log.own(askedAt), this.#backlog.line(), this.#leaves];
      const heard = await this.#redis!.exchange({ permits, line, wanted, hears, leaves });
      if (heard.view) this.#hear(heard.view, askedAt);
      return heard;
    } catch (error) {
      this.#fail(error);
      return undefined;
    }
  }

  #hear({ peers, turns, told }: View, askedAt: number): void {
    if (this.#alone !== undefined) {
      this.#alone.back = { at: this.#alone.back?.at ?? askedAt, processes: new Set(peers.keys()) };
      if (!isOver(this.#alone, this.rules, askedAt)) return;
      this.#alone = undefined;
      this.#mistakes.clear();
      this.#options.onChange?.('shared');
    }
    this.#log.adopt(told, this.#now());
    // A mistake in whom this process serves is no reason to go on alone.
    this.#guard(() => this.#backlog.adopt(turns));
  }

  /** Whatever the reason is: with a share of its own a process can go on. A mistake of ours is told as one. */
  #fail(error: unknown): void {
    const failure = this.#note(error);
    const fleet = this.#reachable?.fleet;
    // It has been lost all the time.
    if (fleet === undefined) return;
    const [now, before, rules] = [this.#now(), this.#alone, this.rules];
    const own = this.#log.own(now).reduce(sum, NOTHING);
    this.#alone = { cause: before?.cause ?? failure, ...goAlone({ rules, before, own, ...fleet }, now) };
    this.#log.pause(this.#alone.from);
    if (before !== undefined) return;
    this.#log.seclude(now);
    // Redis was never there, so nobody knows what the process before this one has sent a moment ago.
    if (fleet.heardMs === undefined) this.#log.chill(now + rules.callTimeoutMs + rules.windowMs, now);
    this.#options.onChange?.('alone', failure);
  }

  /** Only what is no failure of Redis is a mistake of ours. Each is told once until the window is in force again. */
  #note(error: unknown): Failure {
    const failure = failureOf(error);
    if (failure.kind === 'bug' && !this.#mistakes.has(failure.code)) this.#options.onBug?.(error);
    if (failure.kind === 'bug') this.#mistakes.add(failure.code);
    return failure;
  }

  /** Does what must not stop whoever asks for it. */
  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#note(error);
    }
  }

  async #admit(wanted: number, hears: boolean): Promise<Admission> {
    if (wanted > 0 && !this.#reachable) return this.#admitHere();
    // Redis may be back without its window being in force: what it has no room for must not be sent, nor what this process
    // has no room for.
    const own = wanted > 0 && this.#alone ? this.#check() : undefined;
    if (typeof own === 'object') {
      await this.#exchange(0, hears);
      return own;
    }
    const heard = await this.#exchange(own ? 1 : wanted, hears);
    if (heard === undefined) return wanted > 0 ? this.#admitHere() : { grants: [] };
    if (heard.grants.length === 0) return heard.blocked;
    const grants = heard.grants.map((grant) => {
      const { tokens, client, spaced } = grant;
      return { entry: this.#enter(own ?? (spaced ? 'space' : 'burst'), tokens, grant), tokens, client };
    });
    return { grants };
  }

  #admitHere(): Admission {
    const grade = this.#check();
    if (typeof grade === 'object') return grade;
    const tokens = this.#backlog.due();
    return { grants: [{ entry: this.#enter(grade, tokens), tokens }] };
  }

  /** What this process has room for, or when to ask again: when it is alone after a beat at most, since Redis may be back. */
  #check(): Grade | Blocked {
    const now = this.#now();
    const grade = this.#logNow().check(now, this.#backlog.due());
    if (typeof grade !== 'object' || this.#alone === undefined) return grade;
    const reason = grade.reason === 'paused' && now >= this.#alone.from ? 'paused' : 'alone';
    return { retryInMs: Math.min(grade.retryInMs, BEAT_MS), reason };
  }

  /** With as many permits as there are at this moment. */
  #logNow(): SlidingLog {
    this.#log.limit = this.#alone ? allowed(this.#alone, this.#now()) : limitOf(this.rules);
    return this.#log;
  }

  /** @param grant by Redis; undefined: it is granted without */
  #enter(grade: Grade, tokens: number, grant?: SharedGrant): WindowEntry {
    const entry = this.#logNow().grant(this.#now(), grade, tokens);
    // Without Redis nobody is told; when it is back, it hears of what is held then. What nobody waits for is told with what is
    // asked next: with the next beat at the latest.
    const tell = (isNews = false): unknown => isNews && this.#exchanges.soon(0, false);
    return {
      complete: (told) => {
        // In the shared window, what is left is Redis' to know.
        const among = this.#inForce ? undefined : (this.#alone?.processes ?? 1);
        const outcome = believable(told, this.rules);
        this.#logNow().complete(entry, this.#now(), ownPart(outcome, among));
        tell(this.#reachable?.end(grant, outcome));
      },
      cancel: () => {
        this.#log.cancel(entry);
        tell(this.#reachable?.end(grant, undefined));
      },
    };
  }
}
