/**
 * The window of a process that shares its budget with others: in Redis while Redis answers, and when it does not, on this
 * process's share of the budget, in its own memory (see alone.ts). Either way every call is in one log, so that what Redis
 * misses or forgets is told to it again.
 */

import { type Failure, failureOf } from '../../redis/failure.ts';
import { type Alone, allowed, BEAT_MS, goAlone, isOver, ownPart } from './alone.ts';
import { Exchanges } from './exchanges.ts';
import { within } from './reading.ts';
import type { RedisWindow } from './redis-window.ts';
import type { Heard, Known, View } from './reply.ts';
import type { Grade } from './rule.ts';
import type { Schedule } from './schedule.ts';
import { SlidingLog } from './sliding-log.ts';
import { viewOf } from './view.ts';
import type {
  Admission,
  Blocked,
  CallOutcome,
  Clientele,
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

const NOBODY: Clientele = { line: () => [], hear: () => {}, vacant: () => {} };

export class FleetWindow implements Window {
  readonly limit: number;
  readonly #options: Required<FleetWindowOptions>;
  readonly #log: SlidingLog;
  readonly #now: () => number;
  /** Mistakes that were told of: what fails at every beat is not to fill the log. */
  readonly #bugs = new Set<string>();
  #clientele = NOBODY;
  /** Undefined while the shared window is in force. */
  #alone: Alone | undefined;
  #leaves = false;
  readonly view = () => viewOf(this.#logNow(), this.#options.rules, this.#now());
  readonly #exchanges = new Exchanges((wanted, hears) => this.#admit(wanted, hears));

  constructor(options: FleetWindowOptions) {
    this.#options = { onChange: () => {}, onBug: () => {}, now: () => performance.now(), ...options };
    this.limit = options.rules.limit;
    this.#log = new SlidingLog(options.rules);
    this.#now = this.#options.now;
  }

  attend(clientele: Clientele): void {
    this.#clientele = clientele;
  }

  async admit(wanted: number): Promise<Admission> {
    // Nobody waits for a Redis that does not answer.
    return this.#reachable ? this.#exchanges.soon(wanted, false) : this.#admitAlone();
  }

  /** Redis decides, as far as is known. */
  get shared(): boolean {
    return this.#alone === undefined;
  }

  used(): number {
    return this.#log.used(this.#now());
  }

  async refresh(): Promise<void> {
    if (this.shared) await this.#exchanges.soon(0, true);
  }

  elsewhere(): Line {
    return this.shared ? this.#options.shared.elsewhere : [];
  }

  schedule(latencyMs: number): Schedule {
    return this.#logNow().schedule(this.#now(), latencyMs);
  }

  /**
   * To be called every BEAT_MS: lets the others know that this process is there, learns who they are, and notices that
   * Redis is lost, is back, has forgotten everything, or has a permit, also while there are no calls. Never rejects.
   */
  async beat(): Promise<void> {
    await this.#exchanges.soon(0, true);
    this.#guard(() => {
      if (this.shared && this.schedule(0).startOf(0) === 0) this.#clientele.vacant();
    });
  }

  /** This process takes part no longer. Never rejects. */
  async leave(): Promise<void> {
    this.#leaves = true;
    await this.#exchanges.soon(0, false);
  }

  /** Redis can be told of calls: it is not lost, or it is back, though its window is not to be relied on yet. */
  get #reachable(): boolean {
    return this.#alone === undefined || this.#alone.back !== undefined;
  }

  /** Undefined when Redis is lost. */
  async #exchange(wanted: number, hears: boolean): Promise<Heard | undefined> {
    const askedAt = this.#now();
    try {
      const [permits, line, leaves] = [this.#log.own(askedAt), this.#clientele.line(), this.#leaves];
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
      const processes = new Set(peers.map(({ process }) => process));
      this.#alone.back = { at: this.#alone.back?.at ?? askedAt, processes };
      if (!isOver(this.#alone, this.#options.rules, askedAt)) return;
      this.#alone = undefined;
      this.#bugs.clear();
      this.#options.onChange('shared');
    }
    this.#log.adopt(told, this.#now());
    // A mistake in whom this process serves is no reason to go on alone.
    this.#guard(() => this.#clientele.hear(turns));
  }

  /**
   * The shared window cannot be asked, whatever the reason is: with a share of its own a process can go on. A mistake of
   * ours is told as one.
   */
  #fail(error: unknown): void {
    const cause = this.#note(error);
    const before = this.#alone;
    // It has been lost all the time.
    if (!this.#reachable) return;
    const now = this.#now();
    const { heardMs, others, held: all = this.limit } = this.#options.shared;
    const own = this.#log.own(now).length;
    const { rules } = this.#options;
    this.#alone = goAlone({ rules, before, heardMs, others, own, all }, now);
    this.#log.pause(this.#alone.allowance.from);
    if (before !== undefined) return;
    this.#log.seclude(now);
    // Redis was never there, so nobody knows what the process before this one has sent a moment ago.
    if (heardMs === undefined) this.#log.chill(now + rules.callTimeoutMs + rules.windowMs, now);
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
    const grants = heard.grants.map(({ known, client }) => {
      return { entry: this.#enter(grade ?? (known.spaced ? 'space' : 'burst'), known), client };
    });
    return { grants };
  }

  #admitAlone(): Admission {
    const grade = this.#checkAlone(this.#alone!);
    return typeof grade === 'object' ? grade : { grants: [{ entry: this.#enter(grade) }] };
  }

  /** What this process's share has room for, or when to ask again: after a beat at most, since Redis may be back. */
  #checkAlone({ allowance }: Alone): Grade | Blocked {
    const now = this.#now();
    const grade = this.#logNow().check(now);
    if (typeof grade !== 'object') return grade;
    const reason = grade.reason === 'paused' && now >= allowance.from ? 'paused' : 'alone';
    return { retryInMs: Math.min(grade.retryInMs, BEAT_MS), reason };
  }

  /** With as many permits as there are at this moment. */
  #logNow(): SlidingLog {
    this.#log.limit = this.#alone ? allowed(this.#alone.allowance, this.#now()) : this.limit;
    return this.#log;
  }

  /** @param known what Redis knows of the call; undefined: it is granted without Redis */
  #enter(grade: Grade, known?: Known): WindowEntry {
    const entry = this.#logNow().grant(this.#now(), grade);
    const end = (outcome?: CallOutcome): void => {
      // Without Redis nobody is told; when it is back, it hears of what is held then.
      if (!this.#reachable) return;
      this.#options.shared.end(known, outcome);
      // What nobody waits for is told with what is asked next: with the next beat at the latest.
      if (outcome === undefined || isNews(outcome, known, this.limit)) void this.#exchanges.soon(0, false);
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

  /** Only what is no failure of Redis is a mistake of ours; the others are told of elsewhere. */
  #note(error: unknown): Failure {
    const failure = failureOf(error);
    if (failure.kind === 'bug' && !this.#bugs.has(failure.code)) {
      this.#bugs.add(failure.code);
      this.#options.onBug(error);
    }
    return failure;
  }

  /** Does what must not stop whoever asks for it, and notes what it throws. */
  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#note(error);
    }
  }
}

/** Whether others are to hear of a call's end at once: it may have told of calls that they do not know of, or of a pause. */
const isNews = ({ remaining, pauseMs }: CallOutcome, known: Known | undefined, limit: number): boolean =>
  known?.probing === true ||
  pauseMs !== undefined ||
  (remaining !== undefined && limit - remaining > within(known?.held, 0, limit));
