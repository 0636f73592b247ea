/**
 * Which process is having what scored: every process names its open claims several times a second, and whoever waits
 * for one that is not named any more stops waiting. A process that dies is noticed by its silence.
 */

import { randomBytes } from 'node:crypto';
import type { Channel } from './channel.ts';

/** How often a process names its open claims, and after what silence a claim counts as abandoned, milliseconds. */
const NAME_MS = 250;
const SILENCE_MS = 900;

/**
 * Ends that are remembered: the word of an end may be here sooner than the reply that names the claim, since they come
 * over two connections.
 */
const REMEMBERED_ENDS = 1000;

interface Waiting {
  /** When it was last heard of, or first waited for: monotonic milliseconds. */
  heardAt: number;
  readonly listeners: Set<(end: 'over' | 'silent') => void>;
}

export interface ClaimsOptions {
  readonly channel: Channel;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
}

const monotonic = (): number => performance.now();

export class Claims {
  readonly channel: string;
  readonly #channel: Channel;
  readonly #now: () => number;
  /** No two processes share it, nor a process and its successor of the same name. */
  readonly #process = randomBytes(6).toString('base64url');
  readonly #open = new Set<string>();
  readonly #awaited = new Map<string, Waiting>();
  readonly #ended = new Set<string>();
  readonly #timer: NodeJS.Timeout;
  #serial = 0;

  constructor({ channel, now = monotonic }: ClaimsOptions) {
    this.channel = channel.name;
    this.#channel = channel;
    this.#now = now;
    channel.on('over', (claim) => this.#end(claim, 'over'));
    channel.on('claims', (names) => this.#hear(names.split(' ')));
    this.#timer = setInterval(() => this.#tick(), NAME_MS).unref();
  }

  open(): string {
    const claim = `${this.#process}.${(this.#serial++).toString(36)}`;
    this.#open.add(claim);
    return claim;
  }

  close(claim: string): void {
    this.#open.delete(claim);
  }

  /** Rejects with the signal's reason when nobody waits any more. */
  ended(claim: string, signal: AbortSignal): Promise<'over' | 'silent'> {
    if (this.#ended.has(claim)) return Promise.resolve('over');
    return new Promise((resolve, reject) => {
      const waiting = this.#awaited.get(claim) ?? { heardAt: this.#now(), listeners: new Set() };
      this.#awaited.set(claim, waiting);
      const listener = (end: 'over' | 'silent'): void => {
        signal.removeEventListener('abort', onAbort);
        resolve(end);
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

  #tick(): void {
    if (this.#open.size > 0) this.#channel.publish('claims', [...this.#open].join(' '));
    for (const [claim, { heardAt }] of this.#awaited) {
      if (this.#now() - heardAt > SILENCE_MS) this.#end(claim, 'silent');
    }
  }

  #hear(claims: readonly string[]): void {
    for (const claim of claims) {
      const waiting = this.#awaited.get(claim);
      if (waiting) waiting.heardAt = this.#now();
    }
  }

  #end(claim: string, end: 'over' | 'silent'): void {
    if (end === 'over') {
      this.#ended.add(claim);
      if (this.#ended.size > REMEMBERED_ENDS) this.#ended.delete(this.#ended.values().next().value!);
    }
    const waiting = this.#awaited.get(claim);
    this.#awaited.delete(claim);
    for (const tell of waiting?.listeners ?? []) tell(end);
  }
}
