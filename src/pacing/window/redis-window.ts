/**
 * The window that processes share: its log lives in Redis, and every decision is made there. There is one command: a process
 * tells how things are with it, all of its permits included, asks for some more, and hears how things are with all. What is
 * told twice, or never heard, does no harm: the next time all is told again.
 */

import { randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import { type Script, scriptOf } from '../../redis/commands.ts';
import { type Amount, NOTHING } from './amount.ts';
import type { Permit } from './permits.ts';
import { within } from './reading.ts';
import { type Heard, type Known, readReply } from './reply.ts';
import { EXCHANGE } from './scripts/exchange.ts';
import { keysOf, PRESENCE_MS } from './scripts/state.ts';
import { budgetOf, burstOf, type CallOutcome, type Line, MOST_PAUSE_MS, type WindowRules } from './window.ts';

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

/** Of a limit that is larger than this, permits that come free within a moment are told as one. */
const MOST_SINGLE = 1000;
const MOMENTS = 500;

const monotonic = (): number => performance.now();

export class RedisWindow {
  readonly #script: Script;
  readonly #keys: readonly string[];
  readonly #rules: WindowRules;
  readonly #credit: number;
  readonly #process: string;
  readonly #now: () => number;
  #serial = 0;
  /** How calls have ended of which Redis was not told yet; of those that were not sent, nothing. */
  #ended: { readonly known: Known | undefined; readonly outcome: CallOutcome | undefined }[] = [];
  /** The call of this process that goes first in a cold window. */
  #probe: Known | undefined;
  #held = NOTHING;
  #epoch: string | undefined;
  /** When this process found that Redis had forgotten the window; undefined: it never did. */
  #epochSince: number | undefined;
  readonly #heardAt = new Map<string, number>();
  #elsewhere: Line = [];
  /** When Redis answered the first time; undefined: it never has. */
  #heardSince: number | undefined;

  constructor(options: RedisWindowOptions) {
    const { client, prefix, attachment, model, rules, process, credit = 0, now = monotonic } = options;
    this.#keys = keysOf(prefix, { model, attachment, windowMs: rules.windowMs });
    this.#script = scriptOf(client, 'window', this.#keys.length, EXCHANGE);
    this.#credit = credit;
    this.#rules = rules;
    // The name of a process may be used again after a restart: its old permits must not be taken for its new ones.
    this.#process = `${process}:${randomBytes(4).toString('base64url')}`;
    this.#now = now;
  }

  /** For how long Redis has answered, milliseconds; undefined: it never has. */
  get heardMs(): number | undefined {
    return this.#heardSince === undefined ? undefined : this.#now() - this.#heardSince;
  }

  /** What waits in the other processes. */
  get elsewhere(): Line {
    return this.#elsewhere;
  }

  /** Other processes heard of lately: a Redis that has forgotten everything names nobody at first. */
  get others(): readonly string[] {
    const since = this.#now() - PRESENCE_MS;
    for (const [process, at] of this.#heardAt) if (at < since) this.#heardAt.delete(process);
    return [...this.#heardAt.keys()];
  }

  /** What all processes together held when Redis last said so; undefined while it may not know of all of that. */
  get held(): Amount | undefined {
    const since = this.#epochSince;
    return since === undefined || this.#now() - since > this.#rules.windowMs ? this.#held : undefined;
  }

  /**
   * A call has ended: Redis hears of it with the next exchange.
   * @param known undefined: it was granted without Redis
   * @param outcome undefined: it was not sent
   */
  end(known: Known | undefined, outcome: CallOutcome | undefined): void {
    if (known === this.#probe) this.#probe = undefined;
    this.#ended.push({ known, outcome });
  }

  /** Rejects when Redis does. To be called again only when that has come to an end. */
  async exchange(ask: Ask): Promise<Heard> {
    const told = JSON.stringify(this.#told(ask));
    // Should this be lost, nobody is told how these have ended, and another call goes first.
    this.#ended = [];
    const reply = await this.#script.text(...this.#keys, told).catch((error) => {
      this.#probe = undefined;
      throw error;
    });
    const now = this.#now();
    const heard = readReply(reply, this.#process, this.#rules, now);
    if (heard.view) this.#elsewhere = heard.view.peers.flatMap(({ line }) => line);
    for (const { process } of heard.view?.peers ?? []) this.#heardAt.set(process, now);
    // The first epoch of which this process hears is no change.
    if (this.#epoch !== undefined && heard.epoch !== this.#epoch) this.#epochSince = now;
    this.#epoch = heard.epoch;
    this.#probe = heard.grants.find(({ known }) => known.probing === true)?.known ?? this.#probe;
    this.#heardSince ??= now;
    this.#held = heard.held;
    return heard;
  }

  /** In the form in which scripts/state.ts and scripts/exchange.ts read it. */
  #told({ permits, ...rest }: Ask): unknown {
    const { limit, tokenLimit, windowMs, callTimeoutMs } = this.#rules;
    const { burst: burstLimit, spacingMs, evenMs } = budgetOf(this.#rules);
    return {
      ...rest,
      process: this.#process,
      serial: this.#serial++,
      limit,
      burstLimit,
      tokenLimit,
      burstTokenLimit: tokenLimit && burstOf(tokenLimit),
      spacingMs,
      evenMs,
      windowMs,
      callTimeoutMs,
      leaseMs: windowMs + callTimeoutMs,
      credit: this.#credit,
      permits: this.#grouped(permits),
      probing: this.#probe !== undefined,
      ended: this.#ended.map(({ known, outcome }) => ({
        ...known,
        unused: outcome === undefined,
        answered: outcome?.answered,
        // Of a call that Redis has not granted it cannot tell what the room left means.
        remaining: known ? within(outcome?.remaining ?? -1, -1, limit) : -1,
        remainingTokens: known ? within(outcome?.remainingTokens ?? -1, -1, tokenLimit ?? -1) : -1,
        // By how much it has cost more than it was taken to.
        more:
          outcome?.tokens === undefined
            ? 0
            : outcome.tokens - within(known?.tokens, 0, Number.MAX_SAFE_INTEGER),
        pauseMs: within(outcome?.pauseMs ?? 0, 0, MOST_PAUSE_MS),
      })),
    };
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
