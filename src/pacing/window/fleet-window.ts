/**
 * The window of a process that shares its budget with others: in Redis while Redis answers, and when it does not, on this
 * process's share of the budget, in its own memory (see fallback.ts). Either way every call is in one log, so that what
 * Redis misses or forgets can be told to it again.
 */

import { type Failure, failureOf } from '../../redis/failure.ts';
import { BEAT_MS } from './alone.ts';
import { Fallback } from './fallback.ts';
import { fleetEntry } from './fleet-entry.ts';
import { Mistakes } from './mistakes.ts';
import { oneAtATime } from './one-at-a-time.ts';
import type { RedisWindow } from './redis-window.ts';
import type { Schedule } from './schedule.ts';
import type { SharedEntry } from './shared-admission.ts';
import { type LogEntry, SlidingLog } from './sliding-log.ts';
import type { Admission, Clientele, Grant, Line, Window, WindowEntry, WindowRules } from './window.ts';

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

const NOBODY: Clientele = { line: () => [], hear: () => {}, vacant: () => {} };

const monotonic = (): number => performance.now();

export class FleetWindow implements Window {
  readonly limit: number;
  readonly #shared: RedisWindow;
  readonly #log: SlidingLog;
  readonly #fallback: Fallback;
  readonly #mistakes: Mistakes;
  readonly #onChange: (state: 'shared' | 'alone', cause?: Failure) => void;
  readonly #now: () => number;
  #clientele = NOBODY;
  /** When Redis answered, the first time and the last; undefined: it never has. */
  #heard: { readonly first: number; readonly last: number } | undefined;
  #beating = false;

  constructor(options: FleetWindowOptions) {
    const { shared, rules, onChange = () => {}, onBug = () => {}, now = monotonic } = options;
    this.limit = rules.limit;
    this.#shared = shared;
    this.#log = new SlidingLog(rules);
    this.#fallback = new Fallback(rules, this.#log);
    this.#mistakes = new Mistakes(onBug);
    this.#onChange = onChange;
    this.#now = now;
    shared.follow((told) => {
      if (this.shared) this.#log.adopt(told, now());
    });
  }

  attend(clientele: Clientele): void {
    this.#clientele = clientele;
  }

  async admit(wanted: number): Promise<Admission> {
    if (!this.shared) return this.#admitAlone();
    const ids = Array.from({ length: wanted }, () => this.#shared.nextId());
    try {
      let admission = await this.#shared.admit(ids, this.#clientele.line());
      if (admission === 'unknown') {
        await this.#shared.tell(this.#clientele.line(), this.#log.own);
        admission = await this.#shared.admit(ids, this.#clientele.line());
      }
      this.#hear();
      // Redis has forgotten the window twice in a row: it is asked once more, but not at once.
      if (admission === 'unknown') return { retryInMs: BEAT_MS, reason: 'cold' };
      if ('retryInMs' in admission) return admission;
      const grants = admission.grants.map(({ entry, client }): Grant => {
        const own = this.#log.grant(this.#now(), entry.spaced, entry.id, true);
        return { entry: this.#entry(own, entry), client };
      });
      return { grants };
    } catch (error) {
      // They may have been granted, only nobody heard.
      for (const id of ids) this.#log.own.cancel(id, this.#now(), false);
      this.#fail(error);
      return this.#admitAlone();
    }
  }

  /** Redis decides, as far as is known. */
  get shared(): boolean {
    return this.#fallback.alone === undefined;
  }

  used(): number {
    return this.#log.used(this.#now());
  }

  async refresh(): Promise<void> {
    if (this.shared) await this.#refresh();
  }

  elsewhere(): Line {
    return this.shared ? this.#shared.heard.peers.flatMap(({ line }) => line) : [];
  }

  schedule(latencyMs: number): Schedule {
    return (this.shared ? this.#log : this.#fallback).schedule(this.#now(), latencyMs);
  }

  /**
   * To be called every BEAT_MS: lets the others know that this process is there, learns who they are, and notices that
   * Redis is lost, is back, has forgotten everything, or has a place, also while there are no calls. Never rejects.
   */
  async beat(): Promise<void> {
    if (this.#beating || (this.#heard && this.#now() - this.#heard.last < BEAT_MS / 2)) return;
    this.#beating = true;
    await this.#exchange().finally(() => {
      this.#beating = false;
    });
    this.#mistakes.guard(() => {
      if (this.shared && this.schedule(0).startOf(0) === 0) this.#clientele.vacant();
    });
  }

  /** This process takes part no longer. Never rejects. */
  leave(): Promise<void> {
    return this.#shared.leave().catch(() => {});
  }

  /** Whoever comes while Redis is being asked may not be in the line that it was told, so it is asked once more. */
  readonly #refresh = oneAtATime(async () => {
    if (this.shared) await this.#exchange();
  });

  /** Tells Redis of this process, and hears of the others. */
  async #exchange(): Promise<void> {
    const { alone } = this.#fallback;
    const askedAt = this.#now();
    try {
      await this.#shared.tell(this.#clientele.line(), this.#log.own);
      if (alone === undefined) {
        this.#hear();
        return;
      }
      this.#noteHeard();
      const processes = new Set(this.#shared.heard.peers.map(({ process }) => process));
      if (this.#fallback.end(alone, askedAt, processes)) this.#resume();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Redis has answered. A mistake in whom this process serves is no reason to go on alone. */
  #hear(): void {
    this.#noteHeard();
    this.#mistakes.guard(() => this.#clientele.hear(this.#shared.heard.turns));
  }

  #noteHeard(): void {
    const last = this.#now();
    this.#heard = { first: this.#heard?.first ?? last, last };
  }

  /** The shared window is in force again. */
  #resume(): void {
    this.#mistakes.forget();
    if (this.#shared.told) this.#log.adopt(this.#shared.told, this.#now());
    this.#onChange('shared');
  }

  /**
   * The shared window cannot be asked, whatever the reason is: with a share of its own a process can go on. A mistake of
   * ours is told as one.
   */
  #fail(error: unknown): void {
    const cause = failureOf(error);
    this.#mistakes.note(cause);
    const now = this.#now();
    const { others, held = this.limit } = this.#shared;
    const heardMs = this.#heard && now - this.#heard.first;
    if (this.#fallback.begin({ heardMs, others, all: held }, now)) this.#onChange('alone', cause);
  }

  async #admitAlone(): Promise<Admission> {
    const entry = this.#fallback.admit(this.#shared.nextId(), this.#now());
    if ('retryInMs' in entry) return entry;
    if (!this.#fallback.reachable) return { grants: [{ entry: this.#entry(entry) }] };
    // Redis is back, and others may use the shared log already: what that has no room for must not be sent from here.
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

  #entry(entry: LogEntry, granted?: SharedEntry): WindowEntry {
    const onFailure = (error: unknown): void => this.#fail(error);
    const [shared, log, fallback, now] = [this.#shared, this.#log, this.#fallback, this.#now];
    return fleetEntry({ shared, log, fallback, onFailure, now }, entry, granted);
  }
}
