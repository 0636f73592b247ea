import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Channel } from '../../src/redis/channel.ts';
import { connectRedis } from '../../src/redis/client.ts';
import { Commands } from '../../src/redis/commands.ts';
import { joinPeers, type Peer } from '../cache/peers-bed.ts';
import { until } from '../support/fakes.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';

let server: TestRedis;
let peers: Peer[];

beforeEach(async () => {
  server = await startRedis();
  peers = [await joinPeers(server), await joinPeers(server)];
});
afterEach(async () => {
  for (const { leave } of peers) leave();
  await server.kill();
});

const listen = ({ channel }: Peer, topic: string): string[] => {
  const heard: string[] = [];
  channel.on(topic, (message) => heard.push(message));
  return heard;
};

describe('what nobody of ours says', () => {
  test.each([
    ['long', (i: number) => (i === 0 ? [`news ${'x '.repeat(2e6)}`] : [])],
    ['much', (i: number) => (i === 0 ? [] : new Array(100).fill(`news ${'x'.repeat(15_000)}`))],
  ])('is not listened to when it is too %s, and what comes a second later is', async (_, messages) => {
    const heard = listen(peers[1]!, 'news');
    const { client, channel } = peers[0]!;
    for (let i = 0; i < 10; i++)
      await Promise.all(messages(i).map((text) => client.publish(channel.name, text)));
    await until(async () => {
      channel.publish('news', 'end');
      return heard.includes('end');
    });
    const others = heard.filter((message) => message !== 'end');
    expect(others.filter(({ length }) => length > 16_384)).toEqual([]);
    expect(others.length).toBeLessThan(900);
  });
});

describe('what one process says', () => {
  test('all hear under its topic, itself included, and nobody under another', async () => {
    const heard = peers.map((peer) => listen(peer, 'news'));
    const other = listen(peers[1]!, 'new');
    peers[0]!.channel.publish('news', 'one two  three');
    await until(() => heard.every(({ length }) => length > 0));
    expect(heard).toEqual([['one two  three'], ['one two  three']]);
    expect(other).toEqual([]);
  });

  test('nobody hears while Redis is away, and no promise is rejected unhandled', async () => {
    const heard = listen(peers[1]!, 'news');
    await server.kill();
    peers[0]!.channel.publish('news', 'lost');
    await server.start();
    await until(() => peers.every(({ opened, client }) => opened() > 1 && client.status === 'ready'));
    peers[0]!.channel.publish('news', 'heard');
    await until(() => heard.length > 0);
    expect(heard).toEqual(['heard']);
  });

  test('is heard again by whoever was cut off', async () => {
    const heard = listen(peers[1]!, 'news');
    const { client } = peers[0]!;
    await client.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await until(() => peers.every(({ opened }) => opened() > 1));
    peers[0]!.channel.publish('news', 'again');
    await until(() => heard.length > 0);
  });

  test('is heard, too, by whoever began to listen while Redis hung', async () => {
    const connect = () => connectRedis(server.url, { commandTimeoutMs: 250, onError: () => {} });
    const [client, subscriber] = [connect(), connect()];
    await until(() => client.status === 'ready' && subscriber.status === 'ready');
    server.freeze();
    let opened = false;
    const channel = new Channel({ commands: new Commands({ client }), subscriber, prefix: 'app:' });
    channel.onOpen(() => {
      opened = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 400));
    server.thaw();
    try {
      await until(() => opened);
    } finally {
      client.disconnect();
      subscriber.disconnect();
    }
  });
});

test.each([
  ['of the channel', 'resetchannels', 'allchannels'],
  ['of sending alone', '-publish', '+publish'],
])(
  'a right %s that is given back is found out, though nobody has anything to say',
  async (_, taken, given) => {
    const connect = () => connectRedis(server.url, { commandTimeoutMs: 2000, onError: () => {} });
    const [client, subscriber] = [connect(), connect()];
    const sent: (string | undefined)[] = [];
    const commands = new Commands({ client, onCommand: (_, failure) => sent.push(failure?.kind) });
    let refused: string | undefined;
    const channel = new Channel({
      commands,
      subscriber,
      prefix: 'app:',
      onListening: (failure) => {
        refused = failure?.kind;
      },
    });
    try {
      await until(() => client.status === 'ready' && subscriber.status === 'ready');
      await client.acl('SETUSER', 'default', taken);
      if (taken === 'resetchannels') await until(() => refused === 'forbidden');
      // More often than a breaker lets pass.
      for (let i = 0; i < 4; i++) channel.publish('news', 'lost');
      await until(() => sent.length >= 3);
      expect(new Set(sent)).toEqual(new Set(['forbidden']));
      await client.acl('SETUSER', 'default', given);
      await until(() => refused === undefined && sent.at(-1) === undefined);
    } finally {
      client.disconnect();
      subscriber.disconnect();
    }
  },
);
