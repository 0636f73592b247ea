/**
 * Which process is having what scored: every process names its open claims several times a second, with the time until
 * their answers where it is known, and whoever waits for one that is not named any more stops waiting. A process that
 * dies is noticed by its silence.
 */

import { randomBytes } from 'node:crypto';
import type { Channel } from '../redis/channel.ts';

/** How often a process names its open claims, milliseconds. */
const NAME_MS = 250;

/** Of more, several messages tell: of a longer one nobody would hear. */
const NAMES_AT_ONCE = 400;

/**
 * Beats of one's own without a claim being named, after which it counts as abandoned. Beats and not time: a process that
 * was held up finds its timer due before it has read what it was told meanwhile.
 */
const SILENT_BEATS = 4;

/**
 * Ends that are remembered: the word of an end may be here sooner than the reply that names the claim, since they come
 * over two connections.
 */
const REMEMBERED_ENDS = 1000;

interface Listener {
  /** Whether a word alone does not end the wait. */
  readonly certainly: boolean;
  end(certain: boolean): void;
  /** Told when the answer should be there (monotonic ms). */
  expect(answerAt: number): void;
}

interface Waiting {
  /** Beats since it was last heard of, or first waited for. */
  silentBeats: number;
  readonly listeners: Set<Listener>;
}

export class Claims {
  readonly channel: string;
  readonly #channel: Channel;
  /** No two processes share it, nor a process and its successor of the same name. */
  readonly #process = randomBytes(6).toString('base64url');
  /** With the moment of the answer, where it is known: monotonic milliseconds. */
  readonly #open = new Map<string, number | undefined>();
  readonly #awaited = new Map<string, Waiting>();
  /** With whether that is certain. */
  readonly #ended = new Map<string, boolean>();
  readonly #timer: NodeJS.Timeout;
  #serial = 0;

  constructor(channel: Channel) {
    this.channel = channel.name;
    this.#channel = channel;
    channel.on('over', (claim) => {
      // Of its own, each process knows best.
      if (ID.test(claim) && !this.#open.has(claim)) this.#end(claim, false);
    });
    channel.on('claims', (names) => this.#hear(names.split(' ')));
    this.#timer = setInterval(() => this.#beat(), NAME_MS).unref();
  }

  open(): string {
    const claim = `${this.#process}.${(this.#serial++).toString(36)}`;
    this.#open.set(claim, undefined);
    return claim;
  }

  /** The answer to what an open claim has taken on should be there at `answerAt` (monotonic ms). */
  expect(claim: string, answerAt: number): void {
    if (this.#open.has(claim)) this.#open.set(claim, answerAt);
  }

  close(claim: string): void {
    this.#open.delete(claim);
    this.#end(claim, true);
  }

  /**
   * Resolves when a claim has ended, or its owner has not been heard of for a while: with false if all there is for it is
   * a word on the channel, where anybody may speak. Rejects with the signal's reason when nobody waits any more.
   * @param certainly a word will not do
   * @param onExpected told when the answer should be there (monotonic ms), as often as the owner says so
   */
  ended(
    claim: string,
    signal: AbortSignal,
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
    // One's own needs no naming, whether or not messages come in.
    this.#hear(names);
    for (const [claim, waiting] of this.#awaited) {
      if (++waiting.silentBeats >= SILENT_BEATS) this.#end(claim, true);
    }
  }

  #hear(names: readonly string[]): void {
    for (const name of names) {
      const [claim = '', ms] = name.split('=');
      // Whoever names it after its end, with all that it says in order, has not ended it.
      if (this.#ended.get(claim) === false) this.#ended.delete(claim);
      const waiting = this.#awaited.get(claim);
      if (waiting === undefined) continue;
      waiting.silentBeats = 0;
      // Whatever else stands there is no time, and NaN would pass every check that follows.
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

/** What `open` names them. */
const ID = /^[\w-]{1,16}\.[a-z\d]{1,16}$/;

/** Processes share no clock: the time until the answer is told, not its moment. */
const named = (claim: string, answerAt: number | undefined): string =>
  answerAt === undefined ? claim : `${claim}=${Math.max(0, Math.round(answerAt - performance.now()))}`;
