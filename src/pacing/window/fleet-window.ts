/**
 * The window of a process that shares its budget with others: in Redis while Redis answers, and when it does not, on this
 * process's share of the budget, in its own memory (see alone.ts). Either way every call is in one log, so that what Redis
 * misses or forgets is told to it again.
 */

import type { Failure } from '../../redis/failure.ts';
import { type Alone, allowed, BEAT_MS, goAlone, isOver, ownPart } from './alone.ts';
import { type Amount, amountOfAll, limitOf, NOTHING } from './amount.ts';
import { Exchanges } from './exchanges.ts';
import { Mistakes } from './mistakes.ts';
import type { RedisWindow } from './redis-window.ts';
import type { Heard, SharedGrant, View } from './reply.ts';
import type { Grade } from './rule.ts';
import { type Schedules, startOf } from './schedule.ts';
import { SlidingLog } from './sliding-log.ts';
import { viewOf } from './view.ts';
import type {
  Admission,
  Backlog,
  Blocked,
  CallOutcome,
  Line,
  Window,
  WindowEntry,
  WindowRules,
} from './window.ts';

export interface FleetWindowOptions {
  readonly shared: RedisWindow;
  readonly rules: WindowRules;
  /** Told when the shared window is lost, with the cause, and when it is in force again. */
  readonly onChange?: (state: 'shared' | 'alone', cause?: Failure) => void;
  /** Told of every mistake of ours, once until the shared window was lost and is in force again. */
  readonly onBug?: (error: unknown) => void;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
}

/** Redis was lost just now. */
const LATER: Blocked = { retryInMs: BEAT_MS, reason: 'alone' };

const NOBODY: Backlog = { line: () => [], adopt: () => {}, wake: () => {} };

export class FleetWindow implements Window {
  readonly limit: number;
  readonly tokenLimit: number | undefined;
  readonly #options: Required<FleetWindowOptions>;
  readonly #log: SlidingLog;
  readonly #now: () => number;
  readonly #mistakes: Mistakes;
  #backlog = NOBODY;
  /** Undefined while the shared window is in force. */
  #alone: Alone | undefined;
  #leaves = false;
  readonly view = () => viewOf(this.#logNow(), this.#options.rules, this.#now(), this.#due);
  readonly #exchanges = new Exchanges((wanted, hears) => this.#admit(wanted, hears));

  constructor(options: FleetWindowOptions) {
    this.#options = { onChange: () => {}, onBug: () => {}, now: () => performance.now(), ...options };
    this.limit = options.rules.limit;
    this.tokenLimit = options.rules.tokenLimit;
    this.#mistakes = new Mistakes(this.#options.onBug);
    this.#log = new SlidingLog(options.rules);
    this.#now = this.#options.now;
  }

  attach(backlog: Backlog): void {
    this.#backlog = backlog;
  }

  async admit(wanted: number): Promise<Admission> {
    // Nobody waits for a Redis that does not answer.
    return this.#reachable ? this.#exchanges.soon(wanted, false) : this.#admitAlone();
  }

  /** Redis decides, as far as is known. */
  get shared(): boolean {
    return this.#alone === undefined;
  }

  used(): Amount {
    return this.#log.used(this.#now());
  }

  async refresh(): Promise<void> {
    if (this.shared) await this.#exchanges.soon(0, true);
  }

  elsewhere(): Line {
    return this.shared ? this.#options.shared.elsewhere : [];
  }

  schedules(latencyMs: number): Schedules {
    return this.#logNow().schedules(this.#now(), latencyMs);
  }

  /**
   * To be called every BEAT_MS: lets the others know that this process is there, learns who they are, and notices that
   * Redis is lost, is back, has forgotten everything, or has a permit, also while there are no calls. Never rejects.
   */
  async beat(): Promise<void> {
    await this.#exchanges.soon(0, true);
    this.#mistakes.guard(() => {
      if (this.shared && startOf(this.schedules(0), NOTHING, this.#due) === 0) this.#backlog.wake();
    });
  }

  /** This process takes part no longer. Never rejects. */
  async leave(): Promise<void> {
    this.#leaves = true;
    await this.#exchanges.soon(0, false);
  }

  /** Tokens of the call that is due first here. */
  get #due(): number {
    return this.#backlog.due?.() ?? 0;
  }

  /** Redis can be told of calls: it is not lost, or it is back, though its window is not to be relied on yet. */
  get #reachable(): boolean {
    return this.#alone === undefined || this.#alone.back !== undefined;
  }

  /** Undefined when Redis is lost. */
  async #exchange(wanted: number, hears: boolean): Promise<Heard | undefined> {
    const askedAt = this.#now();
    try {
      const [permits, line, leaves] = [this.#log.own(askedAt), this.#backlog.line(), this.#leaves];
      const heard = await this.#options.shared.exchange({ permits, line, wanted, hears, leaves });
      if (heard.view) this.#hear(heard.view, askedAt);
      return heard;
    } catch (error) {
      this.#fail(error);
      return undefined;
    }
  }

  #hear({ peers, turns, told }: View, askedAt: number): void {
    if (this.#alone !== undefined) {
      const processes = new Set(peers.keys());
      this.#alone.back = { at: this.#alone.back?.at ?? askedAt, processes };
      if (!isOver(this.#alone, this.#options.rules, askedAt)) return;
      this.#alone = undefined;
      this.#mistakes.forget();
      this.#options.onChange('shared');
    }
    this.#log.adopt(told, this.#now());
    // A mistake in whom this process serves is no reason to go on alone.
    this.#mistakes.guard(() => this.#backlog.adopt(turns));
  }

  /**
   * The shared window cannot be asked, whatever the reason is: with a share of its own a process can go on. A mistake of
   * ours is told as one.
   */
  #fail(error: unknown): void {
    const cause = this.#mistakes.note(error);
    const before = this.#alone;
    // It has been lost all the time.
    if (!this.#reachable) return;
    const now = this.#now();
    const { rules } = this.#options;
    const { fleet } = this.#options.shared;
    const own = amountOfAll(this.#log.own(now));
    this.#alone = goAlone({ rules, before, own, ...fleet }, now);
    this.#log.pause(this.#alone.allowance.from);
    if (before !== undefined) return;
    this.#log.seclude(now);
    // Redis was never there, so nobody knows what the process before this one has sent a moment ago.
    if (fleet.heardMs === undefined) this.#log.chill(now + rules.callTimeoutMs + rules.windowMs, now);
    this.#options.onChange('alone', cause);
  }

  async #admit(wanted: number, hears: boolean): Promise<Admission> {
    if (wanted > 0 && !this.#reachable) return this.#admitAlone();
    // Redis may be back without its window being in force: what it has no room for must not be sent, nor what this process
    // has no room for.
    const grade = wanted > 0 && this.#alone ? this.#checkAlone(this.#alone) : undefined;
    const isBlocked = typeof grade === 'object';
    const heard = await this.#exchange(isBlocked ? 0 : grade ? 1 : wanted, hears);
    if (isBlocked) return grade;
    if (heard === undefined) return wanted > 0 && !grade ? this.#admitAlone() : LATER;
    if (heard.grants.length === 0) return heard.blocked;
    const grants = heard.grants.map((grant) => {
      const entry = this.#enter(grade ?? (grant.spaced ? 'space' : 'burst'), grant.tokens, grant);
      return { entry, tokens: grant.tokens, client: grant.client };
    });
    return { grants };
  }

  #admitAlone(): Admission {
    const grade = this.#checkAlone(this.#alone!);
    if (typeof grade === 'object') return grade;
    const tokens = this.#due;
    return { grants: [{ entry: this.#enter(grade, tokens), tokens }] };
  }

  /** What this process's share has room for, or when to ask again: after a beat at most, since Redis may be back. */
  #checkAlone({ allowance }: Alone): Grade | Blocked {
    const now = this.#now();
    const grade = this.#logNow().check(now, this.#due);
    if (typeof grade !== 'object') return grade;
    const reason = grade.reason === 'paused' && now >= allowance.from ? 'paused' : 'alone';
    return { retryInMs: Math.min(grade.retryInMs, BEAT_MS), reason };
  }

  /** With as many permits as there are at this moment. */
  #logNow(): SlidingLog {
    const { rules } = this.#options;
    this.#log.limit = this.#alone ? allowed(this.#alone.allowance, this.#now()) : limitOf(rules);
    return this.#log;
  }

  /** @param grant by Redis; undefined: it is granted without */
  #enter(grade: Grade, tokens: number, grant?: SharedGrant): WindowEntry {
    const entry = this.#logNow().grant(this.#now(), grade, tokens);
    const end = (outcome?: CallOutcome): void => {
      // Without Redis nobody is told; when it is back, it hears of what is held then.
      if (!this.#reachable) return;
      const isNews = this.#options.shared.end(grant, outcome);
      // What nobody waits for is told with what is asked next: with the next beat at the latest.
      if (isNews) void this.#exchanges.soon(0, false);
    };
    return {
      complete: (outcome) => {
        this.#logNow().complete(entry, this.#now(), ownPart(outcome, this.#alone));
        end(outcome);
      },
      cancel: () => {
        this.#log.cancel(entry);
        end();
      },
    };
  }
}
