/**
 * Which process is having what scored: every process names its open claims several times a second, and whoever waits
 * for one that is not named any more stops waiting. A process that dies is noticed by its silence.
 */

import { randomBytes } from 'node:crypto';
import type { Channel } from './channel.ts';

/** How often a process names its open claims, milliseconds. */
const NAME_MS = 250;

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

interface Waiting {
  /** Beats since it was last heard of, or first waited for. */
  silentBeats: number;
  readonly listeners: Set<() => void>;
}

export class Claims {
  readonly channel: string;
  readonly #channel: Channel;
  /** No two processes share it, nor a process and its successor of the same name. */
  readonly #process = randomBytes(6).toString('base64url');
  readonly #open = new Set<string>();
  readonly #awaited = new Map<string, Waiting>();
  readonly #ended = new Set<string>();
  readonly #timer: NodeJS.Timeout;
  #serial = 0;

  constructor(channel: Channel) {
    this.channel = channel.name;
    this.#channel = channel;
    channel.on('over', (claim) => this.#end(claim));
    channel.on('claims', (names) => this.#hear(names.split(' ')));
    this.#timer = setInterval(() => this.#beat(), NAME_MS).unref();
  }

  open(): string {
    const claim = `${this.#process}.${(this.#serial++).toString(36)}`;
    this.#open.add(claim);
    return claim;
  }

  close(claim: string): void {
    this.#open.delete(claim);
    this.#end(claim);
  }

  /**
   * Resolves when a claim has ended, or its owner has not been heard of for a while; rejects with the signal's reason
   * when nobody waits any more.
   */
  ended(claim: string, signal: AbortSignal): Promise<void> {
    if (this.#ended.has(claim)) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const waiting = this.#awaited.get(claim) ?? { silentBeats: 0, listeners: new Set() };
      this.#awaited.set(claim, waiting);
      const listener = (): void => {
        signal.removeEventListener('abort', onAbort);
        resolve();
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
    if (this.#open.size > 0) this.#channel.publish('claims', [...this.#open].join(' '));
    // One's own needs no naming, whether or not messages come in.
    this.#hear([...this.#open]);
    for (const [claim, waiting] of this.#awaited) {
      if (++waiting.silentBeats >= SILENT_BEATS) this.#end(claim);
    }
  }

  #hear(claims: readonly string[]): void {
    for (const claim of claims) {
      const waiting = this.#awaited.get(claim);
      if (waiting) waiting.silentBeats = 0;
    }
  }

  #end(claim: string): void {
    this.#ended.add(claim);
    if (this.#ended.size > REMEMBERED_ENDS) this.#ended.delete(this.#ended.values().next().value!);
    const waiting = this.#awaited.get(claim);
    this.#awaited.delete(claim);
    for (const tell of waiting?.listeners ?? []) tell();
  }
}
