/** The window that processes share: its log lives in Redis, and every decision is made there. */

import { randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import { writeLine } from './line.ts';
import { within } from './numbers.ts';
import type { OwnCalls, Untold } from './own-calls.ts';
import { Presence } from './presence.ts';
import { type Heard, type Reply, readHeard, readView } from './replies.ts';
import { commandsOf, type Script } from './scripts/commands.ts';
import { keysOf } from './scripts/prelude/keys.ts';
import { CALL } from './scripts/prelude/turns.ts';
import { readBlocked, readGrants, type SharedAdmission, type SharedEntry } from './shared-admission.ts';
import type { Told } from './sliding-log.ts';
import {
  type Budget,
  budgetOf,
  type CallOutcome,
  type Line,
  MOST_PAUSE_MS,
  UNANSWERED_GRACE_MS,
  type WindowRules,
} from './window.ts';

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
const KINDS: Readonly<Record<Untold['kind'], string>> = { burst: 'b', spaced: 's', unused: 'x' };

/** No moment of which Redis tells lies further away than a window and so much more, milliseconds. */
const FAR_MS = 90_000;

/** Every method that returns a promise rejects when Redis does. */
export class RedisWindow {
  readonly #call: (script: Script, ...args: (string | number)[]) => Promise<Reply>;
  readonly #rules: WindowRules;
  readonly #budget: Budget;
  readonly #process: string;
  readonly #now: () => number;
  #serial = 0;
  /** What Redis said the last time. */
  #heard: Heard = { held: 0, peers: [], turns: { virtualTime: 0, tags: new Map() } };
  #told: Told | undefined;
  #onTold: (told: Told) => void = () => {};
  #epoch = '';
  /** When this process found that Redis had forgotten the window; undefined: it never did. */
  #epochSince: number | undefined;
  readonly #presence = new Presence();
  readonly #credit: number;
  /** How often in a row this process gave way to others who took nothing. */
  #gaveWay = 0;
  #grantedThen: unknown;

  constructor(options: RedisWindowOptions) {
    const { client, prefix, attachment, model, rules, process, credit = 0, now = monotonic } = options;
    const call = commandsOf(client, keysOf(prefix, { model, attachment, windowMs: rules.windowMs }));
    this.#call = (script, ...args) => call(script, this.#process, us(rules.windowMs), ...args);
    this.#credit = credit;
    this.#rules = rules;
    this.#budget = budgetOf(rules);
    // The name of a process may be used again after a restart: its old entries must not be taken for its new ones.
    this.#process = `${process}:${randomBytes(4).toString('base64url')}`;
    this.#now = now;
  }

  /** What Redis last said of the other processes, and of whose turn it is. */
  get heard(): Pick<Heard, 'peers' | 'turns'> {
    return this.#heard;
  }

  /** The window as Redis last told of it; undefined while it never has. */
  get told(): Told | undefined {
    return this.#told;
  }

  /** @param onTold called whenever Redis tells of the whole window */
  follow(onTold: (told: Told) => void): void {
    this.#onTold = onTold;
  }

  /** Other processes heard of lately. */
  get others(): readonly string[] {
    return this.#presence.list(this.#now());
  }

  /** Places that all processes together held when Redis last said so; undefined while it may not know of all of them. */
  get held(): number | undefined {
    const since = this.#epochSince;
    const known = since === undefined || this.#now() - since > this.#rules.windowMs;
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
      us(spacingMs),
      us(callTimeoutMs + windowMs),
      us(callTimeoutMs),
      Math.round(this.#credit * CALL),
      this.#epoch,
      this.#gaveWay,
      writeLine(line),
      ...ids,
    );
    const [verdict, at, wait, epoch, held, granted, ...told] = reply;
    // As long as others take places, it is right to give way to them.
    if (granted !== this.#grantedThen || verdict !== 'turn') this.#gaveWay = 0;
    if (verdict === 'turn') this.#gaveWay++;
    this.#grantedThen = granted;
    if (verdict !== '+') {
      this.#see(told, at);
      return verdict === '?' ? 'unknown' : readBlocked(verdict, wait, windowMs);
    }
    const [others, turns, ...triples] = told;
    const before = { epoch: String(epoch), heldThen: Number(held), grantedThen: Number(granted) };
    const grants = readGrants(ids, triples, before);
    this.#hear([before.heldThen + grants.length, others, turns]);
    return { grants };
  }

  async complete(entry: SharedEntry, { answered, remaining, pauseMs }: CallOutcome): Promise<void> {
    const holdMs = this.#rules.windowMs + (answered ? 0 : UNANSWERED_GRACE_MS);
    await this.#call(
      'complete',
      entry.id,
      kindOf(entry.spaced),
      us(holdMs),
      answered ? 1 : 0,
      within(remaining ?? -1, -1, this.#rules.limit),
      this.#rules.limit,
      entry.heldThen,
      entry.grantedThen,
      entry.epoch,
      us(within(pauseMs ?? 0, 0, MOST_PAUSE_MS)),
      entry.probing ? 1 : 0,
    );
  }

  async cancel({ id, spaced, probing }: Pick<SharedEntry, 'id' | 'spaced' | 'probing'>): Promise<void> {
    await this.#call('cancel', id, kindOf(spaced), probing ? 1 : 0);
  }

  /**
   * Tells what waits here, and hears of the others. Redis is told of those of this process's calls of which it has not
   * heard, and of all of them when it has forgotten the window.
   */
  async tell(line: Line, own: OwnCalls): Promise<void> {
    const epoch = await this.#announce(line);
    if (epoch !== this.#epoch) own.doubt();
    let entered = false;
    for (const { calls, told } of own.pieces(this.#now)) {
      await this.#call('enter', ...calls.flatMap(({ id, kind, holdMs }) => [id, KINDS[kind], us(holdMs)]));
      told();
      entered = true;
    }
    // Forgotten meanwhile: #epoch stays as it is, so that all is told again the next time.
    if (entered && (await this.#announce(line)) !== epoch) return;
    // The first epoch of which this process hears is no change.
    if (epoch !== this.#epoch && this.#epoch !== '') this.#epochSince = this.#now();
    this.#epoch = epoch;
  }

  /** This process goes for good. */
  async leave(): Promise<void> {
    await this.#call('leave');
  }

  async #announce(line: Line): Promise<string> {
    const [epoch, at, ...view] = await this.#call('tell', writeLine(line));
    this.#see(view, at);
    return String(epoch);
  }

  #hear(reply: Reply): void {
    this.#heard = readHeard(reply);
    const processes = this.#heard.peers.map(({ process }) => process);
    this.#presence.hear(processes, this.#now());
  }

  #see(view: Reply, at: unknown): void {
    this.#hear(view);
    const now = this.#now();
    const farMs = this.#rules.windowMs + FAR_MS;
    const here = (moment: unknown): number =>
      now + within((Number(moment) - Number(at)) / 1000, -farMs, farMs);
    this.#told = readView(view.slice(3), here, this.#rules);
    this.#onTold(this.#told);
  }
}
