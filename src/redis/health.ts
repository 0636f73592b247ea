/**
 * The state of Redis, in one place: whether it is well, and if not, why. Each connection and each kind of command reports
 * here, by name. Pure; `tick` is to be called several times a second.
 */

import { isUnusable } from './commands.ts';
import type { Failure, FailureKind } from './failure.ts';

/** Failure kinds that are a state of Redis, the gravest last. Foreign data under a key is none, nor is a bug of ours. */
const GRAVITY: readonly FailureKind[] = ['forbidden', 'full', 'refused', 'wrong server', 'outage'];

/** The failure of a connection that has not been open yet. */
export const CONNECTING: Failure = { kind: 'outage', code: 'CONNECTING', error: undefined };

/** Prefix of sources that are commands, not connections. */
export const COMMAND = 'command ';

/** Codes that say that there is no connection, but not why. */
const UNEXPLAINED = ['CLOSED', 'CONNECTING'];

/** How long Redis must have been well before the state changes to `up`, milliseconds. */
const WELL_MS = 1000;

/**
 * How long Redis must have been silent before the state changes to `outage`: every connection pings it each second, and one late
 * answer, or a connection that is back at once, is no change. Errors that Redis itself answers count at once. Milliseconds.
 */
const SILENT_MS = 2000;

/**
 * How long a right counts as missing when no command has tried it since: it may have been given, and there is no other sign
 * of that. Milliseconds.
 */
const FORBIDDEN_MS = 60_000;

export type RedisState = 'up' | FailureKind;

/** All states of Redis. */
export const REDIS_STATES: readonly RedisState[] = ['up', ...GRAVITY];

export interface HealthOptions {
  /** Called once for every change of state, with the failure unless Redis is well. */
  readonly onChange: (state: RedisState, failure: Failure | undefined) => void;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
}

export class Health {
  readonly #onChange: HealthOptions['onChange'];
  readonly #now: () => number;
  readonly #failures = new Map<string, Failure>();
  /** By command, when it was last forbidden. */
  readonly #forbidden = new Map<string, number>();
  #reported: RedisState = 'up';
  /** The state by the latest reports, and since when. */
  #state: RedisState = 'up';
  #since: number;

  constructor({ onChange, now = () => performance.now() }: HealthOptions) {
    this.#onChange = onChange;
    this.#now = now;
    this.#since = now();
  }

  /** The gravest of the present failures; undefined when Redis is well. */
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

  /** Whether Redis can be used at all. */
  get up(): boolean {
    return this.failure === undefined || !isUnusable(this.failure);
  }

  /** @param failure undefined: the source works */
  note(source: string, failure: Failure | undefined): void {
    if (failure === undefined) this.#failures.delete(source);
    else if (GRAVITY.includes(failure.kind)) this.#add(source, failure);
    if (failure?.kind === 'forbidden') this.#forbidden.set(source, this.#now());
    if (failure === undefined || isAnswer(failure)) this.#forget('outage');
    this.tick();
  }

  /** A write has succeeded, so all failures of commands are over, except missing rights. */
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
    if (state === this.#reported) return;
    const lastingMs = state === 'up' ? WELL_MS : state === 'outage' ? SILENT_MS : 0;
    if (this.#now() - this.#since < lastingMs) return;
    this.#reported = state;
    this.#onChange(state, failure);
  }

  /** Forgets such failures of commands. A connection reports itself when it is well. */
  #forget(...kinds: readonly FailureKind[]): void {
    for (const [source, { kind }] of this.#failures) {
      if (source.startsWith(COMMAND) && kinds.includes(kind)) this.#failures.delete(source);
    }
  }

  #add(source: string, failure: Failure): void {
    const known = this.#failures.get(source);
    if (known === undefined || !isUnexplained(failure) || known.code === CONNECTING.code)
      this.#failures.set(source, failure);
  }
}

/** Whether Redis has answered, whatever else is wrong. */
const isAnswer = ({ kind }: Failure): boolean => kind !== 'outage' && kind !== 'bug';

const isUnexplained = ({ code }: Failure): boolean => UNEXPLAINED.includes(code);

const rank = (failure: Failure): number =>
  GRAVITY.indexOf(failure.kind) - (isUnexplained(failure) ? GRAVITY.length : 0);
