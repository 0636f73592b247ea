/** What processes tell one another, over Redis' publish and subscribe. Nothing is kept: who is away does not hear it. */

import type { Redis } from 'ioredis';
import type { Commands } from './commands.ts';
import { type Failure, failureOf } from './failure.ts';
import { versioned } from './keys.ts';

export interface ChannelOptions {
  /** To speak. */
  readonly commands: Commands;
  /** To listen: a connection that subscribes can do nothing else. */
  readonly subscriber: Redis;
  /** Before every name in Redis, e.g. `rerank:`. */
  readonly prefix: string;
  /** Told why messages do not come in, and with undefined when they do. */
  readonly onListening?: (failure: Failure | undefined) => void;
}

type Listener = (message: string) => void;

/**
 * Until a Redis is asked again that does not let this process listen, milliseconds. It costs what a ping costs, on a connection
 * that is open anyway: a longer pause, or a growing one, would only leave a process deaf after it was given the right.
 */
const REFUSED_PAUSE_MS = 2000;

/** The longest message of ours names a few hundred claims. */
export const MAX_MESSAGE_BYTES = 16 * 1024;

/** As much as can be read in a twentieth of the time; a hundred busy processes say half of it. */
const MAX_BYTES_A_SECOND = 4 * 1024 * 1024;
const SECOND_MS = 1000;

export class Channel {
  /** Its name in Redis. A message is a topic, a space, and what there is to say. */
  readonly name: string;
  readonly #commands: Commands;
  readonly #subscriber: Redis;
  readonly #listeners = new Map<string, Listener>();
  readonly #onOpen = new Set<() => void>();
  readonly #onListening: (failure: Failure | undefined) => void;
  /** Bytes heard in this second, and when it began. */
  #received = 0;
  #since = 0;
  #again: NodeJS.Timeout | undefined;

  constructor({ commands, subscriber, prefix, onListening = () => {} }: ChannelOptions) {
    this.name = `${prefix}${versioned('fleet')}`;
    this.#commands = commands;
    this.#subscriber = subscriber;
    this.#onListening = onListening;
    // Not as text: ioredis would decode what is too long to be of ours.
    subscriber.on('messageBuffer', (_, message: Buffer) => this.#receive(message));
    subscriber.on('ready', () => void this.#subscribe());
    if (subscriber.status === 'ready') void this.#subscribe();
  }

  /** Says something to all processes, this one included; nobody hears it while Redis is away. */
  publish(topic: string, message: string): void {
    void this.#commands.attempt('publish', () =>
      this.#commands.client.publish(this.name, `${topic} ${message}`),
    );
  }

  on(topic: string, listener: Listener): void {
    this.#listeners.set(topic, listener);
  }

  /** Has `listener` told whenever messages come in again: some may have been missed before. */
  onOpen(listener: () => void): void {
    this.#onOpen.add(listener);
  }

  #receive(message: Buffer): void {
    const now = performance.now();
    if (now - this.#since > SECOND_MS) [this.#since, this.#received] = [now, 0];
    this.#received += message.length;
    // Whatever is lost here could have been lost with the connection.
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
    for (const tell of this.#onOpen) tell();
  }

  #failed(failure: Failure): void {
    this.#onListening(failure);
    // A connection that broke comes back by itself.
    if (this.#subscriber.status !== 'ready') return;
    // One on which Redis did not answer in time is given up.
    if (failure.kind === 'outage') this.#subscriber.disconnect(true);
    // Whoever is refused would be so on any connection.
    else this.#again = setTimeout(() => void this.#subscribe(), REFUSED_PAUSE_MS).unref();
  }
}
