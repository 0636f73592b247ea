/**
 * One client's quota: at most `limit` calls in any window, over all processes. A call holds a place from before it is sent
 * until one window after its end, so that the moment at which the upstream counts it is always covered. A call that was
 * never sent gives its place back at once.
 *
 * This process's own calls are always counted in its memory, too. They are a part of all calls, so a client that has used up
 * its quota here alone is refused without a call to Redis; and when Redis is lost or emptied, the quota still holds for each
 * process.
 */

import { randomBytes } from 'node:crypto';
import { OwnCalls } from './own-calls.ts';

export interface QuotaRules {
  /** Calls in any window. */
  readonly limit: number;
  readonly windowMs: number;
  /** The longest that a place is held, milliseconds: that of a process that has died is never settled. */
  readonly leaseMs: number;
}

/** The calls of all processes. Neither method rejects: undefined when the store does not answer. */
export interface SharedCalls {
  take(name: string, id: string, rules: QuotaRules): Promise<SharedUsage | undefined>;
  settle(name: string, id: string, called: boolean, rules: QuotaRules): Promise<SharedUsage | undefined>;
}

export interface SharedUsage {
  /** Whether a place was requested and granted. */
  readonly taken: boolean;
  /** Places held now by all processes. */
  readonly held: number;
  /** Milliseconds until the next of them comes free. */
  readonly nextFreeMs: number;
}

export interface QuotaOptions {
  /** The client's name. */
  readonly name: string;
  readonly rules: QuotaRules;
  /** Undefined: this process is alone. */
  readonly shared: SharedCalls | undefined;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
}

export interface QuotaState {
  readonly limit: number;
  readonly windowMs: number;
  readonly remaining: number;
  /** Milliseconds until the next place comes free; one window when no place is held. */
  readonly nextFreeMs: number;
}

export interface Charge {
  /** @param called false: no call was sent */
  settle(called: boolean): void;
}

const monotonic = (): number => performance.now();

export class Quota {
  readonly #name: string;
  readonly #rules: QuotaRules;
  readonly #shared: SharedCalls | undefined;
  readonly #now: () => number;
  readonly #own: OwnCalls;
  /** Prefix of this process's call ids, which no other process shares. */
  readonly #process = randomBytes(6).toString('base64url');
  #serial = 0;
  /** What the store last said about the calls of other processes. */
  #others = { held: 0, freeAt: 0, forgetAt: 0 };

  constructor({ name, rules, shared, now = monotonic }: QuotaOptions) {
    this.#name = name;
    this.#rules = rules;
    this.#shared = shared;
    this.#now = now;
    this.#own = new OwnCalls(rules.windowMs);
  }

  async take(): Promise<Charge | { readonly retryInMs: number }> {
    const now = this.#now();
    if (this.#own.held(now) >= this.#rules.limit) return { retryInMs: this.#own.nextFreeMs(now) };
    // Taken before the store answers: calls that come meanwhile would all find room otherwise.
    this.#own.take();
    const id = `${this.#process}${(this.#serial++).toString(36)}`;
    const usage = await this.#shared?.take(this.#name, id, this.#rules);
    if (usage !== undefined && !usage.taken) {
      this.#own.settle(false, this.#now());
      this.#note(usage);
      return { retryInMs: usage.nextFreeMs };
    }
    this.#note(usage);
    return {
      settle: (called) => {
        this.#own.settle(called, this.#now());
        // Even if the store did not answer before: it may be back, or may have taken the place all the same.
        void this.#shared?.settle(this.#name, id, called, this.#rules).then((answer) => this.#note(answer));
      },
    };
  }

  /** As far as this process knows: its own calls now, and the others' of the store's last answer, for one window. */
  state(): QuotaState {
    const { limit, windowMs } = this.#rules;
    const now = this.#now();
    const others = now < this.#others.forgetAt ? this.#others.held : 0;
    const ownFreeMs = this.#own.nextFreeMs(now);
    return {
      limit,
      windowMs,
      remaining: Math.max(0, limit - this.#own.held(now) - others),
      nextFreeMs: others === 0 ? ownFreeMs : Math.min(ownFreeMs, Math.max(0, this.#others.freeAt - now)),
    };
  }

  #note(usage: SharedUsage | undefined): void {
    if (usage === undefined) return;
    const now = this.#now();
    this.#others = {
      held: Math.max(0, usage.held - this.#own.held(now)),
      freeAt: now + usage.nextFreeMs,
      forgetAt: now + this.#rules.windowMs,
    };
  }
}
