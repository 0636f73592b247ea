/** What processes tell one another, over Redis' publish and subscribe. Nothing is kept: who is away does not hear it. */

import type { Redis } from 'ioredis';

export interface ChannelOptions {
  /** To speak. */
  readonly client: Redis;
  /** To listen: a connection that subscribes can do nothing else. */
  readonly subscriber: Redis;
  /** Before every name in Redis, e.g. `rerank:`. */
  readonly prefix: string;
}

type Listener = (message: string) => void;

export class Channel {
  /** Its name in Redis. A message is a topic, a space, and what there is to say. */
  readonly name: string;
  readonly #client: Redis;
  readonly #listeners = new Map<string, Listener>();
  readonly #onOpen = new Set<() => void>();

  constructor({ client, subscriber, prefix }: ChannelOptions) {
    this.name = `${prefix}fleet`;
    this.#client = client;
    subscriber.on('message', (_, text: string) => {
      const space = text.indexOf(' ');
      this.#listeners.get(text.slice(0, space))?.(text.slice(space + 1));
    });
    const subscribe = (): void => {
      subscriber.subscribe(this.name).then(
        () => {
          for (const tell of this.#onOpen) tell();
        },
        // A connection that broke comes back by itself; one on which Redis did not answer in time is given up.
        () => {
          if (subscriber.status === 'ready') subscriber.disconnect(true);
        },
      );
    };
    subscriber.on('ready', subscribe);
    if (subscriber.status === 'ready') subscribe();
  }

  /** Says something to all processes, this one included; nobody hears it while Redis is away. */
  publish(topic: string, message: string): void {
    this.#client.publish(this.name, `${topic} ${message}`).catch(() => {});
  }

  on(topic: string, listener: Listener): void {
    this.#listeners.set(topic, listener);
  }

  /** Has `listener` told whenever messages come in again: some may have been missed before. */
  onOpen(listener: () => void): void {
    this.#onOpen.add(listener);
  }
}
