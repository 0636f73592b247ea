/** A channel without Redis: what one says, all hear at once, unless a test cuts it off. */

import type { Channel } from '../../src/redis/channel.ts';

export class FakeAir {
  readonly said: string[] = [];
  readonly #channels = new Set<FakeChannel>();

  channel(): FakeChannel {
    const channel = new FakeChannel(this);
    this.#channels.add(channel);
    return channel;
  }

  say(from: FakeChannel, topic: string, message: string): void {
    this.said.push(`${topic} ${message}`);
    if (from.deaf) return;
    for (const channel of this.#channels) if (!channel.deaf) channel.hear(topic, message);
  }
}

export class FakeChannel implements Pick<Channel, 'name' | 'publish' | 'on' | 'onOpen'> {
  readonly name = 'channel';
  /** Neither says nor hears anything. */
  deaf = false;
  readonly #air: FakeAir;
  readonly #listeners = new Map<string, (message: string) => void>();

  constructor(air: FakeAir) {
    this.#air = air;
  }

  publish(topic: string, message: string): void {
    this.#air.say(this, topic, message);
  }

  on(topic: string, listener: (message: string) => void): void {
    this.#listeners.set(topic, listener);
  }

  onOpen(): void {}

  hear(topic: string, message: string): void {
    this.#listeners.get(topic)?.(message);
  }
}
