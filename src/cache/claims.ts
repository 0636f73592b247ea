/**
 * Which process is obtaining which values. Every process names its open claims several times a second, with the time until
 * their answers if it is known. A claim that is no longer named counts as abandoned, and waiting for it ends: so a process
 * that dies is noticed by its silence.
 */

import { randomBytes } from 'node:crypto';
import type { Cancellation } from '../calls/cancellation.ts';
import type { Channel } from '../redis/channel.ts';

/** How often a process names its open claims, milliseconds. */
const NAME_MS = 250;

/** Claims in one message: the channel drops longer messages. More claims take several. */
const NAMES_AT_ONCE = 400;

/**
 * A claim that is not named during this many of our own beats counts as abandoned. Beats and not time: a process that was
 * held up finds its timer due before it has read the messages that came meanwhile.
 */
const SILENT_BEATS = 4;

/**
 * Ended claims that are remembered: the message of an end may arrive before the reply that names the claim, since they come
 * over two connections.
 */
const REMEMBERED_ENDS = 1000;

interface Listener {
  /** Whether a message alone does not end the wait. */
  readonly certainly: boolean;
  end(certain: boolean): void;
  /** Called with the time at which the answer is expected (monotonic ms). */
  expect(answerAt: number): void;
}

interface Waiting {
  /** Beats since the claim was last named, or first waited for. */
  silentBeats: number;
  readonly listeners: Set<Listener>;
}

export class Claims {
  readonly channel: string;
  readonly #channel: Channel;
  /** Unique to this process: not even its successor of the same name has it. */
  readonly #process = randomBytes(6).toString('base64url');
  /** Our open claims, each with the expected time of its answer if it is known: monotonic milliseconds. */
  readonly #open = new Map<string, number | undefined>();
  readonly #awaited = new Map<string, Waiting>();
  /** Ended claims, each with whether its end is certain. */
  readonly #ended = new Map<string, boolean>();
  readonly #timer: NodeJS.Timeout;
  #serial = 0;

  constructor(channel: Channel) {
    this.channel = channel.name;
    this.#channel = channel;
    channel.on('over', (claim) => {
      // Of its own claims each process knows better than any message.
      if (ID.test(claim) && !this.#open.has(claim)) this.#end(claim, false);
    });
    channel.on('claims', (names) => this.#receive(names.split(' ')));
    this.#timer = setInterval(() => this.#beat(), NAME_MS).unref();
  }

  open(): string {
    const claim = `${this.#process}.${(this.#serial++).toString(36)}`;
    this.#open.set(claim, undefined);
    return claim;
  }

  /** The answer for an open claim is expected at `answerAt` (monotonic ms). */
  expect(claim: string, answerAt: number): void {
    if (this.#open.has(claim)) this.#open.set(claim, answerAt);
  }

  close(claim: string): void {
    this.#open.delete(claim);
    this.#end(claim, true);
  }

  /** Of a claim that never held anything, so that nobody waits for it. */
  discard(claim: string): void {
    this.#open.delete(claim);
  }

  /**
   * Resolves when a claim has ended, or its owner has been silent for a while. With false if only a message on the channel
   * says so: anything with access to Redis can publish one. Rejects with the signal's reason when nobody waits any more.
   * @param certainly a message alone does not end the wait
   * @param onExpected called with the expected time of the answer (monotonic ms), each time the owner announces it
   */
  ended(
    claim: string,
    signal: Cancellation,
    onExpected: (answerAt: number) => void = () => {},
    certainly = false,
  ): Promise<boolean> {
    const known = this.#ended.get(claim);
    if (known !== undefined && (known || !certainly)) return Promise.resolve(known);
    return new Promise((resolve, reject) => {
      const waiting = this.#awaited.get(claim) ?? { silentBeats: 0, listeners: new Set() };
      this.#awaited.set(claim, waiting);
      const listener: Listener = {
        certainly,
        end(certain) {
          signal.removeEventListener('abort', onAbort);
          resolve(certain);
        },
        expect: onExpected,
      };
      const onAbort = (): void => {
        waiting.listeners.delete(listener);
        if (waiting.listeners.size === 0) this.#awaited.delete(claim);
        reject(signal.reason);
      };
      waiting.listeners.add(listener);
      signal.addEventListener('abort', onAbort, { once: true });
      if (signal.aborted) onAbort();
    });
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #beat(): void {
    const names = [...this.#open].map(([claim, answerAt]) => named(claim, answerAt));
    for (let i = 0; i < names.length; i += NAMES_AT_ONCE) {
      this.#channel.publish('claims', names.slice(i, i + NAMES_AT_ONCE).join(' '));
    }
    // Our own claims count as named, whether or not messages come in.
    this.#receive(names);
    for (const [claim, waiting] of this.#awaited) {
      if (++waiting.silentBeats >= SILENT_BEATS) this.#end(claim, true);
    }
  }

  #receive(names: readonly string[]): void {
    for (const name of names) {
      const [claim = '', ms] = name.split('=');
      // Messages of one process arrive in order: an owner that names a claim after the message of its end has not ended it.
      if (this.#ended.get(claim) === false) this.#ended.delete(claim);
      const waiting = this.#awaited.get(claim);
      if (waiting === undefined) continue;
      waiting.silentBeats = 0;
      // Anything else is no time, and NaN would pass every check that follows.
      if (ms === undefined || !/^\d{1,9}$/.test(ms)) continue;
      for (const listener of [...waiting.listeners]) listener.expect(performance.now() + Number(ms));
    }
  }

  #end(claim: string, certain: boolean): void {
    this.#ended.set(claim, certain);
    if (this.#ended.size > REMEMBERED_ENDS) this.#ended.delete(this.#ended.keys().next().value!);
    const waiting = this.#awaited.get(claim);
    for (const listener of [...(waiting?.listeners ?? [])]) {
      if (listener.certainly && !certain) continue;
      waiting?.listeners.delete(listener);
      listener.end(certain);
    }
    if (waiting?.listeners.size === 0) this.#awaited.delete(claim);
  }
}

/** The form of the names that `open` makes. */
const ID = /^[\w-]{1,16}\.[a-z\d]{1,16}$/;

/** Names a claim with the milliseconds until its answer: processes share no clock, so a point in time would mean nothing. */
const named = (claim: string, answerAt: number | undefined): string =>
  answerAt === undefined ? claim : `${claim}=${Math.max(0, Math.round(answerAt - performance.now()))}`;
