/** Processes that talk over a real Redis. */

import type { Redis } from 'ioredis';
import { ModelStates } from '../../src/cache/model-states.ts';
import { Channel } from '../../src/redis/channel.ts';
import { connectRedis } from '../../src/redis/client.ts';
import { Commands } from '../../src/redis/commands.ts';
import { until } from '../support/fakes.ts';
import type { TestRedis } from '../support/redis.ts';

export const MODELS = ['cohere-rerank-3-5', 'amazon-rerank-1-0'];

export interface Peer {
  readonly client: Redis;
  readonly channel: Channel;
  readonly states: ModelStates;
  /** How often it has begun to hear. */
  opened(): number;
  leave(): void;
}

export const joinPeers = async (server: TestRedis, now?: () => number): Promise<Peer> => {
  const connect = () => connectRedis(server.url, { commandTimeoutMs: 2000, onError: () => {} });
  const [client, subscriber] = [connect(), connect()];
  const commands = new Commands({ client });
  const channel = new Channel({ commands, subscriber, prefix: 'app:' });
  let opened = 0;
  channel.onOpen(() => opened++);
  const peer = {
    client,
    channel,
    states: new ModelStates({
      models: MODELS,
      shared: { commands, channel, prefix: 'app:' },
      scoreLifeMs: 60_000,
      ...(now ? { now } : {}),
    }),
    opened: () => opened,
    leave() {
      client.disconnect();
      subscriber.disconnect();
    },
  };
  await until(() => opened > 0 && client.status === 'ready');
  return peer;
};
