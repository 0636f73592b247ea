/**
 * Commands to Redis over one connection: the only circuit breaker around them, and the only way to define a script. Each
 * command has a name under which it is counted. A Redis that hangs costs a few callers a time-out, not every caller.
 */

import type { Redis } from 'ioredis';
import { Breaker } from './breaker.ts';
import { type Failure, failureOf } from './failure.ts';

/** Called for every command sent: its name, its failure if it failed, and the milliseconds that it took. */
export type OnCommand = (op: string, failure: Failure | undefined, ms: number) => void;

export interface CommandsOptions {
  readonly client: Redis;
  readonly onCommand?: OnCommand;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
}

export type Argument = string | number | Buffer;

export interface Script {
  /** Runs the script. Strings in the reply are decoded as text. */
  text(...args: readonly Argument[]): Promise<unknown>;
  /** Runs the script. Strings in the reply stay bytes. */
  bytes(...args: readonly Argument[]): Promise<unknown>;
}

/** The name of the command that shows whether Redis is well. */
export const BEAT = 'beat';

/** The beat's key expires after this, so that we leave no key behind for ever. Milliseconds. */
const BEAT_KEPT_MS = 60_000;

/** A command was not sent, since the circuit breaker is open. */
export class CircuitOpen extends Error {
  override readonly name = 'CircuitOpen';
}

/** Whether no command can succeed while Redis fails like this. A full Redis, for one, can still be read. */
export const isUnusable = ({ kind }: Failure): boolean =>
  kind === 'outage' || kind === 'wrong server' || kind === 'refused';

export class Commands {
  readonly client: Redis;
  readonly #onCommand: OnCommand;
  readonly #now: () => number;
  readonly #all: Breaker;
  /** Whether the last failure was an outage. */
  #silent = false;
  /** A breaker for each command that our user may not send, by its name. */
  readonly #forbidden = new Map<string, Breaker>();

  constructor({ client, onCommand = () => {}, now = () => performance.now() }: CommandsOptions) {
    this.client = client;
    this.#onCommand = onCommand;
    this.#now = now;
    this.#all = new Breaker(now);
  }

  /** Rejects with what `command` rejects with, or with `CircuitOpen`. */
  async run<T>(op: string, command: () => Promise<T>): Promise<T> {
    const forbidden = this.#forbidden.get(op);
    if (forbidden?.admits() === false || !this.#all.admits()) throw new CircuitOpen();
    const started = this.#now();
    this.#gather();
    try {
      const result = await command();
      this.#all.succeeded();
      this.#forbidden.delete(op);
      this.#onCommand(op, undefined, this.#now() - started);
      return result;
    } catch (thrown) {
      const failure = failureOf(thrown);
      this.#silent = failure.kind === 'outage';
      if (isUnusable(failure)) this.#all.failed();
      // Redis has answered.
      else if (failure.kind !== 'bug') this.#all.succeeded();
      if (failure.kind === 'forbidden') this.#forbid(op);
      this.#onCommand(op, failure, this.#now() - started);
      throw thrown;
    }
  }

  /** The connection has answered a ping: if it was only silent, the breaker can close. */
  answered(): void {
    if (this.#silent) this.#all.succeeded();
    this.#silent = false;
  }

  /** Undefined when the command fails, for whatever reason, or was not sent. */
  attempt<T>(op: string, command: () => Promise<T>): Promise<T | undefined> {
    return this.run(op, command).catch(() => undefined);
  }

  /**
   * Checks that Redis accepts writes, which a replica or a full one does not. To be called every second.
   * @param prefix before every key
   */
  async beat(prefix: string): Promise<void> {
    await this.run(BEAT, () => this.client.psetex(`${prefix}beat`, BEAT_KEPT_MS, 1));
  }

  /** @param numberOfKeys undefined: the first argument of a call is their number */
  script(name: string, numberOfKeys: number | undefined, lua: string): Script {
    return scriptOf(this.client, name, numberOfKeys, lua);
  }

  /** The commands of one turn of the event loop go into the same write, and their replies come in the same read. */
  #gather(): void {
    const { stream } = this.client;
    if (stream === undefined || stream.writableCorked > 0) return;
    stream.cork();
    setImmediate(() => stream.uncork());
  }

  #forbid(op: string): void {
    const breaker = this.#forbidden.get(op) ?? new Breaker(this.#now);
    this.#forbidden.set(op, breaker);
    breaker.failed();
  }
}

/** A script as a command of a client: sent whole once per connection, then by its digest. Defining it twice does no harm. */
export const scriptOf = (
  client: Pick<Redis, 'defineCommand'>,
  name: string,
  numberOfKeys: number | undefined,
  lua: string,
): Script => {
  const commands = client as unknown as Record<string, (...args: readonly Argument[]) => Promise<unknown>>;
  if (commands[name] === undefined) {
    client.defineCommand(name, { lua, ...(numberOfKeys === undefined ? {} : { numberOfKeys }) });
  }
  return {
    text: (...args) => commands[name]!.call(client, ...args),
    bytes: (...args) => commands[`${name}Buffer`]!.call(client, ...args),
  };
};
