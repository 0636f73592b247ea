/**
 * The window that processes share: its log lives in Redis, and every decision is made there. There is one command: a process
 * tells how things are with it, all of its permits included, asks for some more, and hears how things are with all. What is
 * told twice, or never heard, does no harm: the next time all is told again.
 */

import { randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import { type Script, scriptOf } from '../../redis/commands.ts';
import type { Loss } from './alone.ts';
import { excessOf, limitOf, NOTHING } from './amount.ts';
import type { Permit } from './permits.ts';
import { type Heard, readReply, type SharedGrant } from './reply.ts';
import { levelOf } from './rule.ts';
import { EXCHANGE } from './scripts/exchange.ts';
import { keysOf, PRESENCE_MS } from './scripts/state.ts';
import { budgetOf, type CallOutcome, type Line, type WindowRules } from './window.ts';

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

/** How things are with this process. */
export interface Ask {
  /** All that it holds, in the order in which they come free. */
  readonly permits: readonly Permit[];
  readonly line: Line;
  /** Permits that it wants. */
  readonly wanted: number;
  /** It is to hear how things are with all; else only when there is not all that it wants. */
  readonly hears: boolean;
  /** It takes part no longer. */
  readonly leaves: boolean;
}

type Group = [holdMs: number, calls: number, spaced: number, tokens?: number];

/** A call that has ended: what Redis said of it, and how it ended; undefined where it was granted without, or not sent. */
interface Ended extends Partial<SharedGrant> {
  readonly outcome: CallOutcome | undefined;
}

/** Of a limit that is larger than this, permits that come free within a moment are told as one. */
const MOST_SINGLE = 1000;
const MOMENTS = 500;

export class RedisWindow {
  readonly #script: Script;
  readonly #keys: readonly string[];
  readonly #rules: WindowRules;
  readonly #process: string;
  /** What is told with each exchange. */
  readonly #always: object;
  readonly #now: () => number;
  #serial = 0;
  /** Calls of which Redis was not told yet that they have ended. */
  #ended: Ended[] = [];
  /** The call of this process that goes first in a cold window. */
  #probe: SharedGrant | undefined;
  readonly #heardAt = new Map<string, number>();
  #elsewhere: Line = [];
  #last: Heard | undefined;
  /** Until then, Redis may not know of all that is held, since it has forgotten the window. */
  #vagueUntil = 0;
  /** When Redis answered the first time; undefined: it never has. */
  #heardSince: number | undefined;

  constructor(options: RedisWindowOptions) {
    const { client, prefix, attachment, model, rules, process, credit = 0 } = options;
    const { limit, tokenLimit, windowMs, callTimeoutMs } = rules;
    this.#keys = keysOf(prefix, { model, attachment, windowMs });
    this.#script = scriptOf(client, 'window', this.#keys.length, EXCHANGE);
    this.#rules = rules;
    // The name of a process may be used again after a restart: its old permits must not be taken for its new ones.
    this.#process = `${process}:${randomBytes(4).toString('base64url')}`;
    const { spacingMs, evenMs } = budgetOf(rules);
    this.#always = {
      process: this.#process,
      calls: levelOf(limit),
      tokens: tokenLimit && levelOf(tokenLimit),
      ...{ spacingMs, evenMs, windowMs, callTimeoutMs, credit },
    };
    this.#now = options.now ?? (() => performance.now());
  }

  /** What waits in the other processes. */
  get elsewhere(): Line {
    return this.#elsewhere;
  }

  /** What is known of the fleet, should Redis be lost now. A Redis that has forgotten everything names nobody at first. */
  get fleet(): Pick<Loss, 'heardMs' | 'others' | 'all'> {
    const now = this.#now();
    this.#forgetAbsent(now);
    return {
      heardMs: this.#heardSince === undefined ? undefined : now - this.#heardSince,
      others: [...this.#heardAt.keys()],
      all: now < this.#vagueUntil ? limitOf(this.#rules) : (this.#last?.held ?? NOTHING),
    };
  }

  /**
   * A call has ended: Redis hears of it with the next exchange.
   * @param grant undefined: it was granted without Redis
   * @param outcome undefined: it was not sent
   * @returns whether others are to hear of it at once: it tells of room, of calls that they do not know of, or of a pause
   */
  end(grant: SharedGrant | undefined, outcome: CallOutcome | undefined): boolean {
    this.#ended.push({ ...grant, outcome });
    if (grant === this.#probe) this.#probe = undefined;
    if (outcome === undefined || outcome.pauseMs !== undefined || grant?.probing) return true;
    const known = grant ?? { held: NOTHING, taken: NOTHING };
    const more = excessOf(outcome, known, known.taken, limitOf(this.#rules));
    return more.calls + more.tokens > 0;
  }

  /** Rejects when Redis does. To be called again only when that has come to an end. */
  async exchange(ask: Ask): Promise<Heard> {
    const told = JSON.stringify({
      ...ask,
      ...this.#always,
      serial: this.#serial++,
      permits: this.#grouped(ask.permits),
      probing: this.#probe !== undefined,
      ended: this.#ended,
    });
    // Should this be lost, nobody is told how these have ended, and another call goes first.
    this.#ended = [];
    const heard = await this.#script
      .text(...this.#keys, told)
      .then((reply) => readReply(reply, this.#process, this.#now()))
      .catch((error) => {
        this.#probe = undefined;
        throw error;
      });
    const now = this.#now();
    if (heard.view) this.#elsewhere = [...heard.view.peers.values()].flat();
    for (const process of heard.view?.peers.keys() ?? []) this.#heardAt.set(process, now);
    this.#forgetAbsent(now);
    this.#probe = heard.grants.find(({ probing }) => probing) ?? this.#probe;
    this.#heardSince ??= now;
    // The first epoch of which this process hears is no change.
    if (this.#last && heard.epoch !== this.#last.epoch) this.#vagueUntil = now + this.#rules.windowMs;
    this.#last = heard;
    return heard;
  }

  /** Processes come and go for days, each with a name of its own. */
  #forgetAbsent(now: number): void {
    for (const [process, at] of this.#heardAt) if (at < now - PRESENCE_MS) this.#heardAt.delete(process);
  }

  /** For how many milliseconds from now how many are held, whether they were granted in the spaced way, and their tokens. */
  #grouped(permits: readonly Permit[]): Group[] {
    const { limit, windowMs } = this.#rules;
    const momentMs = limit > MOST_SINGLE ? windowMs / MOMENTS : 0;
    const now = this.#now();
    const groups: Group[] = [];
    for (const permit of permits) {
      const [exactMs, spaced] = [permit.releaseAt - now, permit.spaced ? 1 : 0];
      const holdMs = momentMs > 0 ? Math.ceil(exactMs / momentMs) * momentMs : exactMs;
      const last = groups.at(-1);
      if (last?.[0] === holdMs && last[2] === spaced) {
        last[1]++;
        if (permit.tokens) last[3] = (last[3] ?? 0) + permit.tokens;
      } else groups.push(permit.tokens ? [holdMs, 1, spaced, permit.tokens] : [holdMs, 1, spaced]);
    }
    return groups;
  }
}
