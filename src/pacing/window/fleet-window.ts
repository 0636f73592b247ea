/**
 * The window of a process that shares its budget with others: in Redis while Redis answers, and when it does not, on
 * this process's share of the budget, in its own memory. Either way every call is in one log, so that what Redis misses or
 * forgets can be told to it again.
 */

import { type Failure, failureOf } from '../../redis/failure.ts';
import { type Alone, allowed, BEAT_MS, goAlone, isOver, ownPart } from './alone.ts';
import type { RedisWindow, SharedEntry } from './redis-window.ts';
import { later, type Schedule } from './schedule.ts';
import { type LogEntry, SlidingLog } from './sliding-log.ts';
import type { Admission, Clientele, Grant, Line, Window, WindowEntry, WindowRules } from './window.ts';

export interface FleetWindowOptions {
  readonly shared: RedisWindow;
  readonly rules: WindowRules;
  /** Told when the shared window is lost, with the cause, and when it is in force again. */
  readonly onChange?: (state: 'shared' | 'alone', cause?: Failure) => void;
  /** Told of every mistake of ours, once while it lasts. */
  readonly onBug?: (error: unknown) => void;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
}

const NOBODY: Clientele = { line: () => [], hear: () => {}, vacant: () => {} };

const monotonic = (): number => performance.now();

export class FleetWindow implements Window {
  readonly limit: number;
  readonly #rules: WindowRules;
  readonly #shared: RedisWindow;
  readonly #log: SlidingLog;
  readonly #onChange: (state: 'shared' | 'alone', cause?: Failure) => void;
  readonly #onBug: (error: unknown) => void;
  readonly #now: () => number;
  #clientele = NOBODY;
  #heardAt: number | undefined;
  #firstHeardAt: number | undefined;
  #beating = false;
  /** Kinds of mistakes that were told, until the shared window is in force again. */
  readonly #bugs = new Set<string>();
  /** The last refresh, and one that has not begun. */
  #asked: Promise<void> = Promise.resolve();
  #asking: Promise<void> | undefined;
  /** Set while on its own. */
  #alone: Alone | undefined;

  constructor(options: FleetWindowOptions) {
    const { shared, rules, onChange = () => {}, onBug = () => {}, now = monotonic } = options;
    this.limit = rules.limit;
    this.#rules = rules;
    this.#shared = shared;
    this.#log = new SlidingLog(rules);
    this.#onChange = onChange;
    this.#onBug = onBug;
    this.#now = now;
    shared.follow((told) => {
      if (this.#alone === undefined) this.#log.adopt(told, now());
    });
  }

  attend(clientele: Clientele): void {
    this.#clientele = clientele;
  }

  async admit(wanted: number): Promise<Admission> {
    if (this.#alone !== undefined) return this.#admitAlone(this.#alone);
    const ids = Array.from({ length: wanted }, () => this.#shared.nextId());
    try {
      let admission = await this.#shared.admit(ids, this.#clientele.line());
      if (admission === 'unknown') {
        await this.#shared.tell(this.#clientele.line(), this.#log.own);
        admission = await this.#shared.admit(ids, this.#clientele.line());
      }
      this.#heard();
      // Forgotten twice in a row: once more, but not at once.
      if (admission === 'unknown') return { retryInMs: BEAT_MS, reason: 'cold' };
      if ('retryInMs' in admission) return admission;
      const grants = admission.grants.map(({ entry, client }): Grant => {
        const own = this.#log.grant(this.#now(), entry.spaced, entry.id, true);
        return { entry: this.#entry(own, entry), client };
      });
      return { grants };
    } catch (error) {
      for (const id of ids) this.#log.own.cancel(id, this.#now(), false);
      this.#fail(error);
      return this.#admitAlone(this.#alone!);
    }
  }

  /** Redis decides, as far as is known. */
  get shared(): boolean {
    return this.#alone === undefined;
  }

  used(): number {
    return this.#log.used(this.#now());
  }

  async refresh(): Promise<void> {
    if (this.#alone !== undefined) return;
    // Who comes while Redis is being asked may not be in the line that it was told: it is asked once more for those.
    this.#asking ??= this.#asked.then(() => {
      this.#asking = undefined;
      return this.#alone === undefined ? this.#tell() : undefined;
    });
    this.#asked = this.#asking;
    await this.#asking;
  }

  elsewhere(): Line {
    return this.#alone ? [] : this.#shared.heard.peers.flatMap(({ line }) => line);
  }

  schedule(latencyMs: number): Schedule {
    const now = this.#now();
    if (this.#alone === undefined) return this.#log.schedule(now, latencyMs);
    // Nothing starts before everybody has noticed.
    const at = Math.max(now, this.#alone.allowance.from);
    this.#log.limit = allowed(this.#alone.allowance, at);
    return later(this.#log.schedule(at, latencyMs), at - now);
  }

  /**
   * To be called every BEAT_MS: lets the others know that this process is there, learns who they are, and notices that
   * Redis is lost, is back, has forgotten everything, or has a place, also while there are no calls. Never rejects.
   */
  async beat(): Promise<void> {
    const now = this.#now();
    if (this.#beating || (this.#heardAt !== undefined && now - this.#heardAt < BEAT_MS / 2)) return;
    this.#beating = true;
    try {
      if (this.#alone === undefined) await this.#tell();
      else await this.#lookForRedis(this.#alone);
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#beating = false;
    }
    this.#serve(() => {
      if (this.#alone === undefined && this.schedule(0).startOf(0) === 0) this.#clientele.vacant();
    });
  }

  /** This process takes part no longer. Never rejects. */
  leave(): Promise<void> {
    return this.#shared.leave().catch(() => {});
  }

  #heard(): void {
    this.#noteHeard();
    this.#serve(() => this.#clientele.hear(this.#shared.heard.turns));
  }

  #noteHeard(): void {
    this.#heardAt = this.#now();
    this.#firstHeardAt ??= this.#heardAt;
  }

  /** A mistake in whom it serves is no reason to go alone. */
  #serve(tell: () => void): void {
    try {
      tell();
    } catch (error) {
      this.#report(failureOf(error));
    }
  }

  #report({ kind, code, error }: Failure): void {
    if (kind !== 'bug' || this.#bugs.has(code)) return;
    this.#bugs.add(code);
    this.#onBug(error);
  }

  async #tell(): Promise<void> {
    try {
      await this.#shared.tell(this.#clientele.line(), this.#log.own);
      this.#heard();
    } catch (error) {
      this.#fail(error);
    }
  }

  /**
   * The shared window cannot be asked, whatever the reason is: with a share of its own a process can go on. A mistake of
   * ours is told as one.
   */
  #fail(error: unknown): void {
    const cause = failureOf(error);
    this.#report(cause);
    const before = this.#alone;
    // Lost for longer already.
    if (before !== undefined && before.back === undefined) return;
    const now = this.#now();
    this.#alone = goAlone(
      {
        rules: this.#rules,
        before,
        heardMs: this.#firstHeardAt === undefined ? undefined : now - this.#firstHeardAt,
        others: this.#shared.others,
        own: this.#log.own.held(now),
        all: this.#shared.held ?? this.limit,
      },
      now,
    );
    this.#log.own.doubt();
    this.#log.limit = allowed(this.#alone.allowance, now);
    if (before !== undefined) return;
    this.#log.seclude();
    // The process before this one may have used up the upstream's window a moment ago.
    if (this.#heardAt === undefined)
      this.#log.chill({ until: now + this.#rules.callTimeoutMs + this.#rules.windowMs });
    this.#onChange('alone', cause);
  }

  async #admitAlone(alone: Alone): Promise<Admission> {
    const now = this.#now();
    const { allowance, back } = alone;
    if (now < allowance.from) return { retryInMs: Math.min(allowance.from - now, BEAT_MS), reason: 'alone' };
    this.#log.limit = allowed(allowance, now);
    const entry = this.#log.admit(now, this.#shared.nextId());
    if ('retryInMs' in entry) {
      // No longer than a beat: Redis may be back.
      const retryInMs = Math.min(entry.retryInMs, BEAT_MS);
      return { retryInMs, reason: entry.reason === 'paused' ? 'paused' : 'alone' };
    }
    if (back === undefined) return { grants: [{ entry: this.#entry(entry, undefined) }] };
    // Redis is back, and others may use the shared log already: what it has no room for is not this process's either.
    try {
      const admission = await this.#shared.admit([entry.id], this.#clientele.line());
      if (admission !== 'unknown' && 'grants' in admission && admission.grants.length > 0) {
        const [grant] = admission.grants;
        return { grants: [{ entry: this.#entry(entry, grant!.entry), client: grant!.client }] };
      }
      this.#log.cancel(entry, this.#now());
      return admission === 'unknown' || 'grants' in admission
        ? { retryInMs: BEAT_MS, reason: 'cold' }
        : admission;
    } catch (error) {
      this.#log.cancel(entry, this.#now());
      // It may have been granted, only nobody heard.
      this.#log.own.cancel(entry.id, this.#now(), false);
      this.#fail(error);
      return { retryInMs: BEAT_MS, reason: 'alone' };
    }
  }

  /** Redis is back when it takes this process's calls. */
  async #lookForRedis(alone: Alone): Promise<void> {
    const now = this.#now();
    await this.#shared.tell(this.#clientele.line(), this.#log.own);
    this.#noteHeard();
    // Lost again meanwhile.
    if (this.#alone !== alone) return;
    const processes = new Set(this.#shared.heard.peers.map(({ process }) => process));
    alone.back = { at: alone.back?.at ?? now, processes };
    if (!isOver(alone, this.#rules, now)) return;
    this.#alone = undefined;
    this.#bugs.clear();
    this.#log.limit = this.limit;
    if (this.#shared.told) this.#log.adopt(this.#shared.told, this.#now());
    this.#onChange('shared');
  }

  #say(command: Promise<unknown>): void {
    command.catch((error: unknown) => this.#fail(error));
  }

  #entry(entry: LogEntry, shared: SharedEntry | undefined): WindowEntry {
    const reachable = (): boolean => this.#alone === undefined || this.#alone.back !== undefined;
    return {
      complete: (outcome) => {
        const told = reachable();
        this.#log.complete(entry, this.#now(), ownPart(outcome, this.#alone), told);
        // Without Redis nobody is told; when it is back, it hears of everything.
        if (!told) return;
        if (shared) this.#say(this.#shared.complete(shared, outcome));
        else this.#say(this.#shared.complete(unshared(entry), { ...outcome, remaining: undefined }));
      },
      cancel: () => {
        const told = reachable() && shared !== undefined;
        this.#log.cancel(entry, this.#now(), told);
        if (told) this.#say(this.#shared.cancel(shared));
      },
    };
  }
}

/** A call that was granted without Redis, as Redis would have it. */
const unshared = ({ id, spaced }: LogEntry): SharedEntry => {
  return { id, spaced, probing: false, epoch: '', heldThen: 0, grantedThen: 0 };
};
