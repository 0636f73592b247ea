/** The window that processes share: its log lives in Redis, and every decision is made there. */

import { randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import { clientOf, writeLine } from './line.ts';
import { Presence } from './presence.ts';
import { type Heard, type Reply, readHeard, readView } from './replies.ts';
import type { Schedule } from './schedule.ts';
import { CALL } from './scripts/admit.ts';
import { commandsOf, type Script } from './scripts/commands.ts';
import {
  type Block,
  type Blocked,
  type Budget,
  budgetOf,
  type CallOutcome,
  type Line,
  UNANSWERED_GRACE_MS,
  type WindowRules,
} from './window.ts';
import { WindowView } from './window-view.ts';

/** What Redis says to a call that wants a place. `unknown`: it must be told this process's calls first. */
export type SharedAdmission = { readonly grants: readonly SharedGrant[] } | Blocked | 'unknown';

export interface SharedGrant {
  readonly entry: SharedEntry;
  /** Whose turn it is; undefined when nobody is known to wait. */
  readonly client: string | undefined;
}

export interface SharedEntry {
  readonly id: string;
  readonly spaced: boolean;
  readonly probing: boolean;
  readonly epoch: string;
  readonly heldThen: number;
  readonly grantedThen: number;
}

/** A call of this process, and the milliseconds for which its place must still be held. */
export interface Held {
  readonly id: string;
  readonly spaced: boolean;
  readonly holdMs: number;
}

export interface RedisWindowOptions {
  readonly client: Pick<Redis, 'defineCommand'>;
  /** Before every key, e.g. `rerank:`. */
  readonly prefix: string;
  readonly attachment: string;
  readonly model: string;
  /** Calls that a client may be served ahead of its turn after a time without any: see queue/fair-queue.ts. */
  readonly credit?: number;
  readonly rules: WindowRules;
  /** Names this process among those that share the window. */
  readonly process: string;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
}

const monotonic = (): number => performance.now();
const us = (ms: number): number => Math.round(ms * 1000);
const kindOf = (spaced: boolean): string => (spaced ? 's' : 'b');

/** Every method that returns a promise rejects when Redis does. */
export class RedisWindow {
  readonly #call: (script: Script, ...args: (string | number)[]) => Promise<Reply>;
  readonly #rules: WindowRules;
  readonly #budget: Budget;
  readonly #process: string;
  readonly #now: () => number;
  readonly #view: WindowView;
  #serial = 0;
  /** As of when Redis last said something. */
  #heard: Heard = { held: 0, peers: [], turns: { virtualTime: 0, tags: new Map() } };
  #epoch = '';
  #epochSince = Number.NEGATIVE_INFINITY;
  readonly #presence = new Presence();
  readonly #credit: number;
  /** How often in a row this process gave way to others who took nothing. */
  #gaveWay = 0;
  #grantedThen: unknown;

  constructor(options: RedisWindowOptions) {
    const { client, prefix, attachment, model, rules, process, credit = 0, now = monotonic } = options;
    const tag = `${prefix}{window:${model}}`;
    const kinds = ['burst', 'spaced', 'state', 'queue'];
    const keys = [...kinds.map((kind) => `${tag}:${attachment}:${kind}`), `${tag}:turns`];
    const call = commandsOf(client, keys);
    this.#call = (script, ...args) => call(script, this.#process, us(rules.windowMs), ...args);
    this.#credit = credit;
    this.#rules = rules;
    this.#budget = budgetOf(rules);
    this.#view = new WindowView(rules);
    // The name of a process may be used again after a restart: its old entries must not be taken for its new ones.
    this.#process = `${process}:${randomBytes(4).toString('base64url')}`;
    this.#now = now;
  }

  /** What Redis last said of the other processes, and of whose turn it is. */
  get heard(): Pick<Heard, 'peers' | 'turns'> {
    return this.#heard;
  }

  /** Other processes heard of lately. */
  get others(): readonly string[] {
    return this.#presence.list(this.#now());
  }

  /** Places that all processes together held then; undefined while Redis may not have been told of all. */
  get held(): number | undefined {
    const known = this.#now() - this.#epochSince > this.#rules.windowMs;
    return known ? this.#heard.held : undefined;
  }

  /** Names an entry before it is asked for, so that it can be taken back when the reply is lost. */
  nextId(): string {
    return `${this.#process.slice(-6)}${(this.#serial++).toString(36)}`;
  }

  /** @param ids names of the calls that want places: nextId */
  async admit(ids: readonly string[], line: Line): Promise<SharedAdmission> {
    const { limit, windowMs, callTimeoutMs } = this.#rules;
    const { burst, spacingMs } = this.#budget;
    const reply = await this.#call(
      'admit',
      limit,
      burst,
      Number.isFinite(spacingMs) ? us(spacingMs) : 0,
      us(callTimeoutMs + windowMs),
      us(callTimeoutMs),
      Math.round(this.#credit * CALL),
      this.#epoch,
      this.#gaveWay,
      writeLine(line),
      ...ids,
    );
    const [verdict, at, wait, epoch, held, granted, ...told] = reply;
    // As long as others take places it is right to let them.
    if (granted !== this.#grantedThen || verdict !== 'turn') this.#gaveWay = 0;
    if (verdict === 'turn') this.#gaveWay++;
    this.#grantedThen = granted;
    if (verdict !== '+') {
      this.#see(told, Number(at));
      return verdict === '?' ? 'unknown' : { retryInMs: Number(wait) / 1000, reason: verdict as Block };
    }
    const [others, turns, ...rest] = told;
    this.#hear([Number(held) + rest.length / 3, others, turns]);
    const grants = Array.from({ length: rest.length / 3 }, (_, i): SharedGrant => {
      const [kind, first, name] = rest.slice(3 * i, 3 * i + 3);
      const [id, spaced] = [ids[i]!, kind === 's'];
      this.#hold(id, spaced, callTimeoutMs + windowMs);
      const counts = { heldThen: Number(held) + i + 1, grantedThen: Number(granted) + i + 1 };
      const entry = { id, spaced, probing: first === '1', epoch: String(epoch), ...counts };
      return { entry, client: name === '' ? undefined : clientOf(String(name)) };
    });
    return { grants };
  }

  async complete(entry: SharedEntry, { answered, remaining, pauseMs }: CallOutcome): Promise<void> {
    const holdMs = this.#rules.windowMs + (answered ? 0 : UNANSWERED_GRACE_MS);
    this.#hold(entry.id, entry.spaced, holdMs);
    await this.#call(
      'complete',
      entry.id,
      kindOf(entry.spaced),
      us(holdMs),
      answered ? 1 : 0,
      remaining ?? -1,
      this.#rules.limit,
      entry.heldThen,
      entry.grantedThen,
      entry.epoch,
      us(pauseMs ?? 0),
      entry.probing ? 1 : 0,
    );
  }

  async cancel({ id, spaced, probing }: Pick<SharedEntry, 'id' | 'spaced' | 'probing'>): Promise<void> {
    this.#view.delete(id);
    await this.#call('cancel', id, kindOf(spaced), probing ? 1 : 0);
  }

  /**
   * Tells what waits here, and hears of the others. Where Redis has begun anew, or `all` is to be told, it is told of
   * this process's calls, too, which `held` lists.
   */
  async tell(line: Line, held: () => readonly Held[], all = false): Promise<void> {
    const told = async (entries: readonly Held[]): Promise<string> => {
      const args = entries.flatMap(({ id, spaced, holdMs }) => [id, kindOf(spaced), us(holdMs)]);
      const [epoch, at, ...view] = await this.#call('tell', writeLine(line), ...args);
      this.#see(view, Number(at));
      return String(epoch);
    };
    let epoch = await told(all ? held() : []);
    // Redis has begun anew, and knows nothing.
    if (epoch !== this.#epoch && !all) epoch = await told(held());
    // It has forgotten; the first one that this process hears of is as good as any.
    if (epoch !== this.#epoch && this.#epoch !== '') this.#epochSince = this.#now();
    this.#epoch = epoch;
  }

  /** This process goes for good. */
  async leave(): Promise<void> {
    await this.#call('leave');
  }

  used(): number {
    return this.#view.used(this.#now());
  }

  /** @see Window.schedule; as far as this process has heard. */
  schedule(latencyMs: number): Schedule {
    return this.#view.schedule(this.#now(), latencyMs);
  }

  #hear(reply: Reply): void {
    this.#heard = readHeard(reply);
    const processes = this.#heard.peers.map(({ process }) => process);
    this.#presence.hear(processes, this.#now());
  }

  #hold(id: string, spaced: boolean, ms: number): void {
    const now = this.#now();
    this.#view.set(id, { spaced, releaseAt: now + ms }, now);
  }

  #see(view: Reply, redisNow: number): void {
    this.#hear(view);
    const now = this.#now();
    this.#view.replace(readView(view.slice(3), (moment) => now + (Number(moment) - redisNow) / 1000));
  }
}
