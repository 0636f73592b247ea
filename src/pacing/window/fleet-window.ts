/**
 * The window of a process that shares its budget with others: in Redis while Redis answers, and when it does not, on
 * this process's share of the budget, in its own memory. Every call is entered in the memory's log in any case, so that
 * what Redis forgets can be told to it again.
 */

import { type Alone, BEAT_MS, goAlone, isOver, ownPart } from './alone.ts';
import { OwnCalls } from './own-calls.ts';
import type { RedisWindow, SharedEntry } from './redis-window.ts';
import type { Schedule } from './schedule.ts';
import { type LogEntry, SlidingLog } from './sliding-log.ts';
import type { Admission, Clientele, Grant, Line, Window, WindowEntry, WindowRules } from './window.ts';

export interface FleetWindowOptions {
  readonly shared: RedisWindow;
  readonly rules: WindowRules;
  /** Told when Redis is lost, and when the shared window is in force again. */
  readonly onChange?: (state: 'shared' | 'alone') => void;
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
  readonly #own: OwnCalls;
  readonly #onChange: (state: 'shared' | 'alone') => void;
  readonly #now: () => number;
  /** Asked for when Redis was lost: it may have granted them, only nobody heard. */
  readonly #unheard: string[] = [];
  #clientele = NOBODY;
  #heardAt = Number.NEGATIVE_INFINITY;
  #beating = false;
  /** The last refresh, and one that has not begun. */
  #asked: Promise<void> = Promise.resolve();
  #asking: Promise<void> | undefined;
  /** Set while on its own. */
  #alone: Alone | undefined;

  constructor({ shared, rules, onChange = () => {}, now = monotonic }: FleetWindowOptions) {
    this.limit = rules.limit;
    this.#rules = rules;
    this.#shared = shared;
    this.#log = new SlidingLog(rules);
    this.#own = new OwnCalls(rules.limit);
    this.#onChange = onChange;
    this.#now = now;
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
        await this.#shared.tell(this.#clientele.line(), () => this.#own.list(this.#now()));
        admission = await this.#shared.admit(ids, this.#clientele.line());
      }
      this.#heard();
      // Forgotten twice in a row: once more, but not at once.
      if (admission === 'unknown') return { retryInMs: BEAT_MS, reason: 'cold' };
      if ('retryInMs' in admission) return admission;
      const grants = admission.grants.map(({ entry, client }): Grant => {
        const own = this.#log.grant(this.#now(), entry.spaced);
        return { entry: this.#entry(entry.id, own, entry), client };
      });
      return { grants };
    } catch {
      this.#unheard.push(...ids);
      this.#lose();
      return this.#admitAlone(this.#alone!);
    }
  }

  /** Redis decides, as far as is known. */
  get shared(): boolean {
    return this.#alone === undefined;
  }

  used(): number {
    return this.#alone ? this.#log.used(this.#now()) : this.#shared.used();
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
    return this.#alone ? this.#log.schedule(this.#now(), latencyMs) : this.#shared.schedule(latencyMs);
  }

  /**
   * To be called every BEAT_MS: lets the others know that this process is there, learns who they are, and notices that
   * Redis is lost, is back, has forgotten everything, or has a place, also while there are no calls. Never rejects.
   */
  async beat(): Promise<void> {
    if (this.#beating || this.#now() - this.#heardAt < BEAT_MS / 2) return;
    this.#beating = true;
    if (this.#alone === undefined) await this.#tell();
    else await this.#lookForRedis(this.#alone);
    if (this.#alone === undefined && this.#shared.schedule(0).startOf(0) === 0) this.#clientele.vacant();
    this.#beating = false;
  }

  /** This process takes part no longer. Never rejects. */
  leave(): Promise<void> {
    return this.#shared.leave().catch(() => {});
  }

  #heard(): void {
    this.#heardAt = this.#now();
    this.#clientele.hear(this.#shared.heard.turns);
  }

  async #tell(): Promise<void> {
    try {
      await this.#shared.tell(this.#clientele.line(), () => this.#own.list(this.#now()));
      this.#heard();
    } catch {
      this.#lose();
    }
  }

  #lose(): void {
    const before = this.#alone;
    // Lost for longer already.
    if (before !== undefined && before.back === undefined) return;
    const now = this.#now();
    const { alone, share, chill } = goAlone(
      {
        rules: this.#rules,
        before,
        heard: Number.isFinite(this.#heardAt),
        others: this.#shared.others,
        own: this.#own.count(now),
        all: this.#shared.held ?? this.limit,
      },
      now,
    );
    this.#alone = alone;
    this.#own.lost(now);
    this.#log.limit = share;
    if (chill) this.#log.chill(chill);
    if (before === undefined) this.#onChange('alone');
  }

  async #admitAlone(alone: Alone): Promise<Admission> {
    const entry = this.#log.admit(this.#now());
    if ('retryInMs' in entry) {
      // No longer than a beat: Redis may be back.
      const retryInMs = Math.min(entry.retryInMs, BEAT_MS);
      return { retryInMs, reason: entry.reason === 'paused' ? 'paused' : 'alone' };
    }
    const id = this.#shared.nextId();
    if (alone.back === undefined) return { grants: [{ entry: this.#entry(id, entry, undefined) }] };
    // Redis is back, and others may use the shared log already: what it has no room for is not this process's either.
    try {
      const admission = await this.#shared.admit([id], this.#clientele.line());
      if (admission !== 'unknown' && 'grants' in admission) {
        const [grant] = admission.grants;
        return { grants: [{ entry: this.#entry(id, entry, grant!.entry), client: grant!.client }] };
      }
      this.#log.cancel(entry);
      return admission === 'unknown' ? { retryInMs: BEAT_MS, reason: 'cold' } : admission;
    } catch {
      this.#log.cancel(entry);
      this.#unheard.push(id);
      this.#lose();
      return { retryInMs: BEAT_MS, reason: 'alone' };
    }
  }

  /** Redis is back when it takes this process's calls. */
  async #lookForRedis(alone: Alone): Promise<void> {
    const now = this.#now();
    try {
      await this.#shared.tell(this.#clientele.line(), () => this.#own.list(this.#now()), true);
    } catch {
      this.#lose();
      return;
    }
    this.#heardAt = this.#now();
    const processes = new Set(this.#shared.heard.peers.map(({ process }) => process));
    alone.back = { at: alone.back?.at ?? now, processes };
    for (const id of this.#unheard.splice(0)) {
      this.#say(this.#shared.cancel({ id, spaced: false, probing: true }));
    }
    if (!isOver(alone, this.#rules, now)) return;
    this.#alone = undefined;
    this.#own.found();
    this.#log.limit = this.limit;
    this.#log.warm();
    this.#onChange('shared');
  }

  #say(command: Promise<unknown>): void {
    command.catch(() => this.#lose());
  }

  #entry(id: string, entry: LogEntry, shared: SharedEntry | undefined): WindowEntry {
    const own = this.#own.add({ id, entry }, this.#now());
    const reachable = (): boolean => this.#alone === undefined || this.#alone.back !== undefined;
    return {
      complete: (outcome) => {
        const told = ownPart(outcome, entry.admittedAt, this.#alone, this.limit);
        this.#log.complete(entry, this.#now(), told);
        // Without Redis nobody is told; when it is back, it hears of everything.
        if (!reachable()) return;
        if (shared) this.#say(this.#shared.complete(shared, outcome));
        else this.#say(this.#shared.complete(unshared(id, entry), { ...outcome, remaining: undefined }));
      },
      cancel: () => {
        this.#log.cancel(entry);
        this.#own.delete(own);
        if (shared === undefined) return;
        if (reachable()) this.#say(this.#shared.cancel(shared));
        else this.#unheard.push(id);
      },
    };
  }
}

/** A call that was granted without Redis, as Redis would have it. */
const unshared = (id: string, { spaced }: LogEntry): SharedEntry => {
  return { id, spaced, probing: false, epoch: '', heldThen: 0, grantedThen: 0 };
};
