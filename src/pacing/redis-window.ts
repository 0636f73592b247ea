/** The window that processes share: its log lives in Redis, and every decision is made there. */

import { randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import { ADMIT, CANCEL, COMPLETE, LEAVE, TELL } from './redis-scripts.ts';
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
import { type Place, WindowView } from './window-view.ts';

/** What Redis says to a call that wants a place. `unknown`: it must be told this process's calls first. */
export type SharedAdmission = { readonly entry: SharedEntry } | Blocked | 'unknown';

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

/** Another process that shares the window. */
export interface Peer {
  readonly process: string;
  /** Calls that wait in its queue. */
  readonly waiting: number;
}

/**
 * How long another process is counted in after it was last heard of, milliseconds: a Redis that has forgotten everything
 * names nobody at first.
 */
const PRESENCE_MS = 5000;

export interface RedisWindowOptions {
  readonly client: Pick<Redis, 'defineCommand'>;
  /** Before every key, e.g. `rerank:`. */
  readonly prefix: string;
  /** Whose budget it is: attachment and model. */
  readonly name: string;
  readonly rules: WindowRules;
  /** Names this process among those that share the window. */
  readonly process: string;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
}

type Reply = (string | number)[];
type Command = (...args: (string | number)[]) => Promise<Reply>;

const SCRIPTS = { admit: ADMIT, complete: COMPLETE, cancel: CANCEL, tell: TELL, leave: LEAVE };

const monotonic = (): number => performance.now();
const us = (ms: number): number => Math.round(ms * 1000);
const kindOf = (spaced: boolean): string => (spaced ? 's' : 'b');

/** Every method that returns a promise rejects when Redis does. */
export class RedisWindow {
  readonly #call: (script: keyof typeof SCRIPTS, ...args: (string | number)[]) => Promise<Reply>;
  readonly #rules: WindowRules;
  readonly #budget: Budget;
  readonly #process: string;
  readonly #now: () => number;
  readonly #view: WindowView;
  #serial = 0;
  #peers: readonly Peer[] = [];
  #held = 0;
  #epoch = '';
  #epochSince = Number.NEGATIVE_INFINITY;
  /** Other processes, and when they were last heard of. */
  readonly #heard = new Map<string, number>();
  #gaveWay = 0;

  constructor({ client, prefix, name, rules, process, now = monotonic }: RedisWindowOptions) {
    const tag = `${prefix}{window:${name}}`;
    const keys = [`${tag}:burst`, `${tag}:spaced`, `${tag}:state`, `${tag}:queue`];
    const commands = define(client);
    this.#call = (script, ...args) =>
      commands[script]!(...keys, this.#process, us(this.#rules.windowMs), ...args);
    this.#rules = rules;
    this.#budget = budgetOf(rules);
    this.#view = new WindowView(rules);
    // The name of a process may be used again after a restart: its old entries must not be taken for its new ones.
    this.#process = `${process}:${randomBytes(4).toString('base64url')}`;
    this.#now = now;
  }

  /** The other processes, as of when Redis was last heard of. */
  get peers(): readonly Peer[] {
    return this.#peers;
  }

  /** Other processes heard of lately. */
  get others(): readonly string[] {
    const since = this.#now() - PRESENCE_MS;
    for (const [process, at] of this.#heard) if (at < since) this.#heard.delete(process);
    return [...this.#heard.keys()];
  }

  /** Places that all processes together held then; undefined while Redis may not have been told of all. */
  get held(): number | undefined {
    const known = this.#now() - this.#epochSince > this.#rules.windowMs;
    return known ? this.#held : undefined;
  }

  /** Names an entry before it is asked for, so that it can be taken back when the reply is lost. */
  nextId(): string {
    return `${this.#process.slice(-6)}${(this.#serial++).toString(36)}`;
  }

  async admit(id: string, { waiting, due }: Line): Promise<SharedAdmission> {
    const { limit, windowMs, callTimeoutMs } = this.#rules;
    const { burst, spacingMs } = this.#budget;
    const reply = await this.#call(
      'admit',
      id,
      limit,
      burst,
      Number.isFinite(spacingMs) ? us(spacingMs) : 0,
      us(callTimeoutMs + windowMs),
      us(callTimeoutMs),
      waiting,
      due,
      this.#epoch,
      this.#gaveWay,
    );
    const [verdict, at, wait, epoch, held, granted, others, probing] = reply;
    this.#hear(others, held);
    this.#gaveWay = verdict === 'turn' ? this.#gaveWay + 1 : 0;
    if (verdict === '?') return 'unknown';
    if (verdict !== 'b' && verdict !== 's') {
      this.#see(reply.slice(8), Number(at));
      return { retryInMs: Number(wait) / 1000, reason: verdict as Block };
    }
    const spaced = verdict === 's';
    this.#hold(id, spaced, callTimeoutMs + windowMs);
    return {
      entry: {
        id,
        spaced,
        probing: Number(probing) === 1,
        epoch: String(epoch),
        heldThen: Number(held),
        grantedThen: Number(granted),
      },
    };
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
  async tell({ waiting, due }: Line, held: () => readonly Held[], all = false): Promise<void> {
    const told = async (entries: readonly Held[]): Promise<string> => {
      const args = entries.flatMap(({ id, spaced, holdMs }) => [id, kindOf(spaced), us(holdMs)]);
      const [epoch, places, others] = await this.#call('tell', waiting, due, ...args);
      this.#hear(others, places);
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

  /** @see Window.forecast; as far as this process has heard. */
  forecast(count: number, latencyMs: number, waiting: number): number[] {
    // Processes get places in proportion to what waits in each.
    const elsewhere = this.#peers.reduce((sum, peer) => sum + peer.waiting, 0);
    const before = (nth: number): number => Math.round(waiting > 0 ? (elsewhere * (nth - 1)) / waiting : 0);
    const starts = this.#view.forecast(this.#now(), count + before(count), latencyMs);
    return Array.from({ length: count }, (_, i) => starts[i + before(i + 1)]!);
  }

  #hear(others: string | number | undefined, held: string | number | undefined): void {
    this.#held = Number(held);
    this.#peers = String(others)
      .split(',')
      .filter((peer) => peer !== '')
      .map((peer) => {
        const at = peer.lastIndexOf(' ');
        return { process: peer.slice(0, at), waiting: Number(peer.slice(at + 1)) };
      });
    for (const { process } of this.#peers) this.#heard.set(process, this.#now());
  }

  #hold(id: string, spaced: boolean, ms: number): void {
    const now = this.#now();
    this.#view.set(id, { spaced, releaseAt: now + ms }, now);
  }

  /** @param lists next spaced moment, then pairs of id and release: burst, an empty string, spaced, an empty string */
  #see([nextSpaced, ...lists]: Reply, redisNow: number): void {
    const offset = this.#now() - redisNow / 1000;
    const end = lists.indexOf('');
    const places = new Map<string, Place>();
    const enter = (spaced: boolean, pairs: Reply): void => {
      for (let i = 0; i < pairs.length; i += 2) {
        places.set(String(pairs[i]), { spaced, releaseAt: Number(pairs[i + 1]) / 1000 + offset });
      }
    };
    enter(false, lists.slice(0, end));
    enter(true, lists.slice(end + 1, -1));
    this.#view.replace(places, Number(nextSpaced) / 1000 + offset);
  }
}

const define = (client: Pick<Redis, 'defineCommand'>): Record<string, Command> => {
  const commands = client as unknown as Record<string, Command>;
  return Object.fromEntries(
    Object.entries(SCRIPTS).map(([script, lua]) => {
      const name = `window_${script}`;
      if (commands[name] === undefined) client.defineCommand(name, { numberOfKeys: 4, lua });
      return [script, (...args) => commands[name]!.call(client, ...args)];
    }),
  );
};
