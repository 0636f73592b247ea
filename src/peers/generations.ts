/**
 * How often a model's scores have been forgotten: a number that is part of every question, so that raising it leaves all
 * older scores behind, in every process and in Redis, without looking for them.
 *
 * A process that has missed the word hears it within a beat. A generation never goes back: where Redis knows a lower one,
 * since it was emptied or a purge could not reach it, it is told.
 */

import type { Redis } from 'ioredis';
import type { Channel } from './channel.ts';

/**
 * KEYS: generations. ARGV: time to keep them (ms), then pairs of model and generation. Both sides take the higher one.
 * Reply: all of them, as pairs.
 */
const EXCHANGE = `
for i = 2, #ARGV, 2 do
  local known = tonumber(redis.call('HGET', KEYS[1], ARGV[i]) or '0')
  if tonumber(ARGV[i + 1]) > known then redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return redis.call('HGETALL', KEYS[1])
`;

export interface GenerationsOptions {
  readonly models: readonly string[];
  /** Where processes share them; undefined: this one is alone. */
  readonly shared: { readonly client: Redis; readonly channel: Channel; readonly prefix: string } | undefined;
  /** The longest that a score is kept anywhere, milliseconds: no generation is forgotten sooner. */
  readonly scoreLifeMs: number;
  /** Epoch milliseconds. */
  readonly now?: () => number;
}

const TOPIC = 'generation';

export class Generations {
  readonly #models: readonly string[];
  readonly #shared: GenerationsOptions['shared'];
  readonly #keepMs: number;
  readonly #now: () => number;
  readonly #known = new Map<string, number>();

  constructor({ models, shared, scoreLifeMs, now = Date.now }: GenerationsOptions) {
    this.#models = models;
    this.#shared = shared;
    this.#keepMs = 2 * scoreLifeMs;
    this.#now = now;
    shared?.client.defineCommand('generationsExchange', { numberOfKeys: 1, lua: EXCHANGE });
    shared?.channel.on(TOPIC, (message) => {
      const [model = '', generation] = message.split(' ');
      this.#raise(model, Number(generation));
    });
    shared?.channel.onOpen(() => void this.exchange().catch(() => {}));
  }

  of(model: string): number {
    return this.#known.get(model) ?? 0;
  }

  /** Leaves a model's scores behind: here at once, and in all processes; rejects when they can't be told now. */
  async advance(model: string): Promise<void> {
    // A clock, so that a generation that was lost with Redis is not used a second time.
    this.#raise(model, Math.max(this.#now(), this.of(model) + 1));
    if (this.#shared === undefined) return;
    await this.exchange();
    this.#shared.channel.publish(TOPIC, `${model} ${this.of(model)}`);
  }

  /** Tells Redis what it does not know, and hears what this process does not; rejects when Redis does. */
  async exchange(): Promise<void> {
    if (this.#shared === undefined) return;
    const { client, prefix } = this.#shared;
    const own = [...this.#known].flat();
    const exchange = client as unknown as Record<
      'generationsExchange',
      (...args: unknown[]) => Promise<string[]>
    >;
    const reply = await exchange.generationsExchange(`${prefix}generations`, this.#keepMs, ...own);
    for (let i = 0; i < reply.length; i += 2) this.#raise(reply[i]!, Number(reply[i + 1]));
  }

  #raise(model: string, generation: number): void {
    if (!this.#models.includes(model) || !Number.isSafeInteger(generation)) return;
    if (generation > this.of(model)) this.#known.set(model, generation);
  }
}
