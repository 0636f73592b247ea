/** Messages between processes, over Redis' publish and subscribe. Nothing is stored: a process that is away misses them. */

import type { Redis } from 'ioredis';
import type { Commands } from './commands.ts';
import { type Failure, failureOf } from './failure.ts';
import { versioned } from './keys.ts';

export interface ChannelOptions {
  /** Publishes. */
  readonly commands: Commands;
  /** Subscribes: such a connection can do nothing else. */
  readonly subscriber: Redis;
  /** Before every name in Redis, e.g. `rerank:`. */
  readonly prefix: string;
  /** Called with the failure when messages do not arrive, and with undefined when they do. */
  readonly onListening?: (failure: Failure | undefined) => void;
}

type Listener = (message: string) => void;

/** Topic of a message that says nothing. */
const NOTHING = 'nothing';

/**
 * The pause before a refused subscription or message is tried again, milliseconds. An attempt costs as much as a ping, on a connection
 * that is open anyway: a longer or growing pause would only delay messages after the user was given the right.
 */
const REFUSED_PAUSE_MS = 2000;

/** Longer messages are dropped. Our longest names a few hundred claims. */
export const MAX_MESSAGE_BYTES = 16 * 1024;

/** Messages beyond this are dropped: reading so much takes a twentieth of the time. A hundred busy processes send half of it. */
const MAX_BYTES_A_SECOND = 4 * 1024 * 1024;
const SECOND_MS = 1000;

export class Channel {
  /** The channel's name in Redis. A message is a topic, a space, and a text. */
  readonly name: string;
  readonly #commands: Commands;
  readonly #subscriber: Redis;
  readonly #listeners = new Map<string, Listener>();
  readonly #onOpen = new Set<() => void>();
  readonly #onListening: (failure: Failure | undefined) => void;
  /** Bytes received in this second, and when it began. */
  #received = 0;
  #since = 0;
  #again: NodeJS.Timeout | undefined;
  /** Until it is tried again whether messages may be sent. */
  #proof: NodeJS.Timeout | undefined;

  constructor({ commands, subscriber, prefix, onListening = () => {} }: ChannelOptions) {
    this.name = `${prefix}${versioned('fleet')}`;
    this.#commands = commands;
    this.#subscriber = subscriber;
    this.#onListening = onListening;
    // As bytes: as text, ioredis would also decode messages that are too long to be ours.
    subscriber.on('messageBuffer', (_, message: Buffer) => this.#receive(message));
    subscriber.on('ready', () => void this.#subscribe());
    if (subscriber.status === 'ready') void this.#subscribe();
  }

  /** Sends a message to all processes, this one included. It is lost while Redis is away. */
  publish(topic: string, message: string): void {
    void this.#send(`${topic} ${message}`);
  }

  async #send(message: string, isProof = false): Promise<void> {
    try {
      await this.#commands.run('publish', () => this.#commands.client.publish(this.name, message));
    } catch (error) {
      if (isProof || failureOf(error).kind === 'forbidden') this.#prove();
    }
  }

  /**
   * Tries until it succeeds whether messages may be sent. Else a right that is given back would count as missing until somebody
   * has something to say, which may be never.
   */
  #prove(): void {
    if (this.#commands.client.status === 'end') return;
    this.#proof ??= setTimeout(() => {
      this.#proof = undefined;
      void this.#send(`${NOTHING} `, true);
    }, REFUSED_PAUSE_MS).unref();
  }

  on(topic: string, listener: Listener): void {
    this.#listeners.set(topic, listener);
  }

  /** `listener` is called whenever messages arrive again: some may have been missed before. */
  onOpen(listener: () => void): void {
    this.#onOpen.add(listener);
  }

  #receive(message: Buffer): void {
    const now = performance.now();
    if (now - this.#since > SECOND_MS) [this.#since, this.#received] = [now, 0];
    this.#received += message.length;
    // Dropping is allowed: any message could have been lost with the connection as well.
    if (message.length > MAX_MESSAGE_BYTES || this.#received > MAX_BYTES_A_SECOND) return;
    const text = message.toString();
    const space = text.indexOf(' ');
    this.#listeners.get(text.slice(0, space))?.(text.slice(space + 1));
  }

  async #subscribe(): Promise<void> {
    clearTimeout(this.#again);
    try {
      await this.#subscriber.subscribe(this.name);
    } catch (error) {
      this.#failed(failureOf(error));
      return;
    }
    this.#onListening(undefined);
    for (const listener of this.#onOpen) listener();
  }

  #failed(failure: Failure): void {
    this.#onListening(failure);
    // A broken connection comes back by itself, and subscribes then.
    if (this.#subscriber.status !== 'ready') return;
    // A connection on which Redis did not answer in time is replaced.
    if (failure.kind === 'outage') this.#subscriber.disconnect(true);
    // A refusal would be the same on any connection.
    else this.#again = setTimeout(() => void this.#subscribe(), REFUSED_PAUSE_MS).unref();
  }
}
