/**
 * What is known of Redis: the one place that tells whether it is well, and why not. Fed by each connection and each kind of
 * command, by name. Pure; `tick` is to be called several times a second.
 */

import { isUnusable } from './commands.ts';
import type { Failure, FailureKind } from './failure.ts';

/** Kinds that are a state of Redis, the gravest last. Foreign data under a key is not, nor is a mistake of ours. */
const GRAVITY: readonly FailureKind[] = ['forbidden', 'full', 'refused', 'wrong server', 'outage'];

/** What a connection has been since before it was heard of. */
export const CONNECTING: Failure = { kind: 'outage', code: 'CONNECTING', error: undefined };

/** How sources are called that are commands and not connections. */
export const COMMAND = 'command ';

/** That there is no connection does not tell why. */
const UNTOLD = ['CLOSED', 'CONNECTING'];

/** How long Redis must have been well before that is said, milliseconds. */
const WELL_MS = 1000;

/**
 * How long it must have been silent before that is said: every connection asks it each second, and one answer that took too
 * long, or a connection that is back at once, is no change. What Redis itself says is passed on at once. Milliseconds.
 */
const SILENT_MS = 2000;

/**
 * How long a right is known to lack when nobody has tried it since: it may have been given, and nothing else tells.
 * Milliseconds.
 */
const FORBIDDEN_MS = 60_000;

export type RedisState = 'up' | FailureKind;

/** All that a Redis can be. */
export const REDIS_STATES: readonly RedisState[] = ['up', ...GRAVITY];

export interface HealthOptions {
  /** Told once of every change of state, with the failure unless it is well. */
  readonly onChange: (state: RedisState, failure: Failure | undefined) => void;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
}

export class Health {
  readonly #onChange: HealthOptions['onChange'];
  readonly #now: () => number;
  readonly #failures = new Map<string, Failure>();
  /** When a command was last forbidden. */
  readonly #forbidden = new Map<string, number>();
  #said: RedisState = 'up';
  /** What it would be by now, and since when. */
  #state: RedisState = 'up';
  #since: number;

  constructor({ onChange, now = () => performance.now() }: HealthOptions) {
    this.#onChange = onChange;
    this.#now = now;
    this.#since = now();
  }

  /** Of all that is wrong, the gravest; undefined when Redis is well. */
  get failure(): Failure | undefined {
    let worst: Failure | undefined;
    for (const failure of this.#failures.values()) {
      if (worst === undefined || rank(failure) > rank(worst)) worst = failure;
    }
    return worst;
  }

  get state(): RedisState {
    return this.failure?.kind ?? 'up';
  }

  /** It can be used for something. */
  get up(): boolean {
    return this.failure === undefined || !isUnusable(this.failure);
  }

  /** @param failure undefined: it worked */
  note(source: string, failure: Failure | undefined): void {
    if (failure === undefined) this.#failures.delete(source);
    else if (GRAVITY.includes(failure.kind)) this.#add(source, failure);
    if (failure?.kind === 'forbidden') this.#forbidden.set(source, this.#now());
    if (failure === undefined || isAnswer(failure)) this.#forget('outage');
    this.tick();
  }

  /** Redis was seen to do all that it does, for whoever has the right. */
  proved(): void {
    this.#forget('outage', 'wrong server', 'refused', 'full');
    this.tick();
  }

  tick(): void {
    for (const [source, at] of this.#forbidden) {
      if (this.#now() - at < FORBIDDEN_MS) continue;
      this.#forbidden.delete(source);
      if (source.startsWith(COMMAND)) this.#failures.delete(source);
    }
    const { failure, state } = this;
    if (state !== this.#state) {
      this.#state = state;
      this.#since = this.#now();
    }
    if (state === this.#said) return;
    const lastingMs = state === 'up' ? WELL_MS : state === 'outage' ? SILENT_MS : 0;
    if (this.#now() - this.#since < lastingMs) return;
    this.#said = state;
    this.#onChange(state, failure);
  }

  /** Of commands. A connection tells by itself when it is well. */
  #forget(...kinds: readonly FailureKind[]): void {
    for (const [source, { kind }] of this.#failures) {
      if (source.startsWith(COMMAND) && kinds.includes(kind)) this.#failures.delete(source);
    }
  }

  #add(source: string, failure: Failure): void {
    const known = this.#failures.get(source);
    if (known === undefined || !isUntold(failure) || known.code === CONNECTING.code)
      this.#failures.set(source, failure);
  }
}

/** It is there, whatever else is wrong. */
const isAnswer = ({ kind }: Failure): boolean => kind !== 'outage' && kind !== 'bug';

const isUntold = ({ code }: Failure): boolean => UNTOLD.includes(code);

const rank = (failure: Failure): number =>
  GRAVITY.indexOf(failure.kind) - (isUntold(failure) ? GRAVITY.length : 0);
