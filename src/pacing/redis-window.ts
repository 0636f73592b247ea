/** The window that processes share: its log lives in Redis, and every decision is made there. */

import { randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import { ADMIT, CANCEL, COMPLETE, RESTORE } from './redis-scripts.ts';
import { type Budget, budgetOf, type CallOutcome, UNANSWERED_GRACE_MS, type WindowRules } from './window.ts';
import { type Place, WindowView } from './window-view.ts';

/** What Redis says to a call that wants a place. */
export type SharedAdmission = { readonly entry: SharedEntry } | { readonly retryInMs: number };

export interface SharedEntry {
  readonly id: string;
  readonly spaced: boolean;
  readonly probing: boolean;
  readonly epoch: string;
  readonly heldThen: number;
  readonly grantedThen: number;
}

/** The other processes that share the window, as far as they have made themselves heard. */
export interface Peers {
  readonly processes: number;
  /** Calls that wait in their queues. */
  readonly waiting: number;
}

export interface RedisWindowOptions {
  readonly client: Redis;
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

const monotonic = (): number => performance.now();
const us = (ms: number): number => Math.round(ms * 1000);

export class RedisWindow {
  readonly #keys: readonly string[];
  readonly #commands: Record<'admit' | 'complete' | 'cancel' | 'restore', Command>;
  readonly #rules: WindowRules;
  readonly #budget: Budget;
  readonly #process: string;
  readonly #now: () => number;
  readonly #view: WindowView;
  #serial = 0;
  #peers: Peers = { processes: 0, waiting: 0 };

  constructor({ client, prefix, name, rules, process, now = monotonic }: RedisWindowOptions) {
    const tag = `${prefix}{window:${name}}`;
    this.#keys = [`${tag}:burst`, `${tag}:spaced`, `${tag}:state`, `${tag}:queue`];
    this.#commands = {
      admit: define(client, 'windowAdmit', ADMIT),
      complete: define(client, 'windowComplete', COMPLETE),
      cancel: define(client, 'windowCancel', CANCEL),
      restore: define(client, 'windowRestore', RESTORE),
    };
    this.#rules = rules;
    this.#budget = budgetOf(rules);
    this.#view = new WindowView(rules);
    // The name of a process may be used again after a restart: its old entries must not be taken for its new ones.
    this.#process = `${process}:${randomBytes(4).toString('base64url')}`;
    this.#now = now;
  }

  get peers(): Peers {
    return this.#peers;
  }

  /** Names an entry before it is asked for, so that it can be taken back when the reply is lost. */
  nextId(): string {
    return `${this.#process.slice(-6)}${(this.#serial++).toString(36)}`;
  }

  /** Rejects when Redis does. @param waiting calls that wait in this process, told to the others */
  async admit(id: string, waiting: number): Promise<SharedAdmission> {
    const { limit, windowMs, callTimeoutMs } = this.#rules;
    const { burst, spacingMs } = this.#budget;
    const reply = await this.#commands.admit(
      ...this.#keys,
      id,
      limit,
      burst,
      Number.isFinite(spacingMs) ? us(spacingMs) : 0,
      us(callTimeoutMs + windowMs),
      us(windowMs),
      us(callTimeoutMs),
      this.#process,
      waiting,
    );
    const [grant, at, wait, epoch, held, granted, processes, ahead, probing] = reply;
    this.#peers = { processes: Number(processes), waiting: Number(ahead) };
    if (grant === '') {
      this.#see(reply.slice(9), Number(at));
      return { retryInMs: Number(wait) / 1000 };
    }
    const spaced = grant === 's';
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

  /** Rejects when Redis does. */
  async complete(entry: SharedEntry, { answered, remaining, pauseMs }: CallOutcome): Promise<void> {
    const { limit, windowMs } = this.#rules;
    const holdMs = windowMs + (answered ? 0 : UNANSWERED_GRACE_MS);
    this.#hold(entry.id, entry.spaced, holdMs);
    await this.#commands.complete(
      ...this.#keys,
      entry.id,
      entry.spaced ? 's' : 'b',
      us(holdMs),
      answered ? 1 : 0,
      remaining ?? -1,
      limit,
      entry.heldThen,
      entry.grantedThen,
      entry.epoch,
      us(pauseMs ?? 0),
      us(windowMs),
      entry.probing ? 1 : 0,
    );
  }

  /** Rejects when Redis does. */
  async cancel({ id, spaced, probing }: Pick<SharedEntry, 'id' | 'spaced' | 'probing'>): Promise<void> {
    this.#view.delete(id);
    await this.#commands.cancel(...this.#keys, id, spaced ? 's' : 'b', probing ? 1 : 0);
  }

  /**
   * Enters calls that Redis does not know, each with the milliseconds for which it must still be held. Resolves with
   * the number of other processes heard of lately; rejects when Redis does.
   */
  async restore(entries: readonly { readonly id: string; readonly holdMs: number }[]): Promise<number> {
    const pairs = entries.flatMap(({ id, holdMs }) => [id, us(holdMs)]);
    const [others] = await this.#commands.restore(...this.#keys, this.#process, ...pairs);
    return Number(others);
  }

  used(): number {
    return this.#view.used(this.#now());
  }

  /** @see Window.forecast; as far as this process has heard. */
  forecast(count: number, latencyMs: number): number[] {
    // What waits elsewhere takes places too: on average, one before each of ours until theirs are served.
    const { waiting, processes } = this.#peers;
    return this.#view.forecast(this.#now(), count, Math.min(waiting, count * processes), latencyMs);
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

const define = (client: Redis, name: string, lua: string): Command => {
  const commands = client as unknown as Record<string, Command>;
  if (commands[name] === undefined) client.defineCommand(name, { numberOfKeys: 4, lua });
  return (...args) => commands[name]!.call(client, ...args);
};
