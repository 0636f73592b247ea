/**
 * The window of a process that shares its budget with others: in Redis while Redis answers, and when it does not, on
 * this process's share of the budget, in its own memory. Every call is entered in the memory's log in any case, so that
 * what Redis forgets can be told to it again.
 */

import type { RedisWindow, SharedEntry } from './redis-window.ts';
import { type LogEntry, SlidingLog } from './sliding-log.ts';
import type { Admission, CallOutcome, Window, WindowEntry, WindowRules } from './window.ts';

export interface FleetWindowOptions {
  readonly shared: RedisWindow;
  readonly rules: WindowRules;
  /** Told when Redis is lost, and when the shared window is in force again. */
  readonly onChange?: (state: 'shared' | 'alone') => void;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
}

interface Alone {
  /** Processes that shared the window when Redis was lost, this one included. */
  readonly processes: number;
  nextLook: number;
  /** When Redis was back; undefined while it is gone. */
  backAt: number | undefined;
}

/** How often a process on its own looks whether Redis is back, milliseconds. */
const LOOK_MS = 500;

const monotonic = (): number => performance.now();

export class FleetWindow implements Window {
  readonly limit: number;
  readonly #rules: WindowRules;
  readonly #shared: RedisWindow;
  readonly #log: SlidingLog;
  readonly #onChange: (state: 'shared' | 'alone') => void;
  readonly #now: () => number;
  /** This process's calls that are held, by id. */
  readonly #own = new Map<string, LogEntry>();
  /** What Redis has still to be told. */
  #unsaid: (() => Promise<unknown>)[] = [];
  #epoch: string | undefined;
  /** Set while on its own. */
  #alone: Alone | undefined;

  constructor({ shared, rules, onChange = () => {}, now = monotonic }: FleetWindowOptions) {
    this.limit = rules.limit;
    this.#rules = rules;
    this.#shared = shared;
    this.#log = new SlidingLog(rules);
    this.#onChange = onChange;
    this.#now = now;
  }

  async admit(waiting: number): Promise<Admission> {
    if (this.#alone !== undefined) await this.#lookForRedis(this.#alone);
    if (this.#alone !== undefined) return this.#admitAlone(this.#alone, waiting);
    const id = this.#shared.nextId();
    try {
      const admission = await this.#shared.admit(id, waiting);
      if ('retryInMs' in admission) return admission;
      const own = this.#enter(id, this.#log.grant(this.#now(), admission.entry.spaced));
      await this.#settle(admission.entry.epoch);
      return { entry: this.#entry(own, admission.entry) };
    } catch {
      // It may have been admitted all the same, only the reply was lost: the place is given back when Redis is.
      this.#unsaid.push(() => this.#shared.cancel({ id, spaced: false, probing: true }));
      this.#goAlone();
      return this.#admitAlone(this.#alone!, waiting);
    }
  }

  used(): number {
    return this.#alone ? this.#log.used(this.#now()) : this.#shared.used();
  }

  forecast(count: number, latencyMs: number): number[] {
    return this.#alone
      ? this.#log.forecast(this.#now(), count, latencyMs)
      : this.#shared.forecast(count, latencyMs);
  }

  /**
   * On its own a process goes on with its share of the limit; the others, who have lost Redis too, do the same. It
   * starts with that only after what they sent before must have ended, or when an answer says how much room there is.
   */
  #goAlone(): void {
    const now = this.#now();
    const processes = this.#shared.peers.processes + 1;
    this.#alone = { processes, nextLook: now + LOOK_MS, backAt: undefined };
    this.#log.limit = Math.max(1, Math.floor(this.limit / processes));
    const { callTimeoutMs, windowMs } = this.#rules;
    // A process that knew all calls, since they were its own, need not stop.
    if (processes > 1 || this.#epoch === undefined)
      this.#log.chill(now + callTimeoutMs + windowMs, undefined);
    this.#onChange('alone');
  }

  async #admitAlone(alone: Alone, waiting: number): Promise<Admission> {
    const now = this.#now();
    const admitted = this.#log.admit(now);
    if (typeof admitted === 'number') {
      return { retryInMs: Math.min(admitted, Math.max(0, alone.nextLook - now)) };
    }
    const id = this.#shared.nextId();
    if (alone.backAt === undefined) return { entry: this.#entry(this.#enter(id, admitted), undefined) };
    // Redis is back, and others may use the shared log already: what it has no room for is not this process's either.
    try {
      const admission = await this.#shared.admit(id, waiting);
      if ('entry' in admission) return { entry: this.#entry(this.#enter(id, admitted), admission.entry) };
      this.#log.cancel(admitted);
      return admission;
    } catch {
      alone.backAt = undefined;
      this.#unsaid.push(() => this.#shared.cancel({ id, spaced: false, probing: true }));
      return { entry: this.#entry(this.#enter(id, admitted), undefined) };
    }
  }

  /**
   * Redis is back when it takes this process's calls. Only a window later, when every other process has told it theirs,
   * does the shared log know what the upstream still counts: switching at once would grant the same places twice.
   */
  async #lookForRedis(alone: Alone): Promise<void> {
    const now = this.#now();
    if (now < alone.nextLook) return;
    alone.nextLook = now + LOOK_MS;
    try {
      const others = await this.#shared.restore(this.#held());
      alone.backAt ??= now;
      const complete = others >= alone.processes - 1;
      const { windowMs, callTimeoutMs } = this.#rules;
      if (now < alone.backAt + windowMs + (complete ? 0 : callTimeoutMs)) return;
      this.#alone = undefined;
      this.#epoch = undefined;
      this.#log.limit = this.limit;
      this.#onChange('shared');
    } catch {
      alone.backAt = undefined;
      // From now: a Redis that hangs takes longer to fail than that, and every call would wait for the next look.
      alone.nextLook = this.#now() + LOOK_MS;
    }
  }

  /** After Redis has answered: tells it what it has missed, and everything again when it has forgotten all. */
  async #settle(epoch: string): Promise<void> {
    const forgotten = this.#epoch !== undefined && this.#epoch !== epoch;
    this.#epoch = epoch;
    if (forgotten) this.#say(() => this.#shared.restore(this.#held()));
    for (const say of this.#unsaid.splice(0)) this.#say(say);
  }

  #say(say: () => Promise<unknown>): void {
    say().catch(() => this.#unsaid.push(say));
  }

  #enter(id: string, entry: LogEntry): { id: string; entry: LogEntry } {
    this.#own.set(id, entry);
    if (this.#own.size > 2 * this.limit) this.#forget();
    return { id, entry };
  }

  #forget(): void {
    const now = this.#now();
    for (const [id, { releaseAt }] of this.#own) if (releaseAt <= now) this.#own.delete(id);
  }

  #held(): { id: string; holdMs: number }[] {
    this.#forget();
    return [...this.#own].map(([id, entry]) => this.#holdOf({ id, entry }));
  }

  #holdOf({ id, entry }: { id: string; entry: LogEntry }): { id: string; holdMs: number } {
    return { id, holdMs: Math.max(0, entry.releaseAt - this.#now()) };
  }

  #entry(own: { id: string; entry: LogEntry }, shared: SharedEntry | undefined): WindowEntry {
    return {
      complete: (outcome) => {
        this.#log.complete(own.entry, this.#now(), this.#share(outcome));
        if (shared) this.#say(() => this.#shared.complete(shared, outcome));
        else if (this.#alone?.backAt !== undefined)
          this.#say(() => this.#shared.restore([this.#holdOf(own)]));
      },
      cancel: () => {
        this.#log.cancel(own.entry);
        this.#own.delete(own.id);
        if (shared) this.#say(() => this.#shared.cancel(shared));
      },
    };
  }

  /** Room that the upstream reports is room for all processes; on its own, one takes its part of it. */
  #share(outcome: CallOutcome): CallOutcome {
    const { remaining } = outcome;
    // In the shared window the room is Redis' to know: the memory's log then holds only this process's own calls.
    if (remaining === undefined || this.#alone === undefined) return { ...outcome, remaining: undefined };
    return { ...outcome, remaining: Math.floor(remaining / this.#alone.processes) };
  }
}
