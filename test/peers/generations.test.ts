import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Generations } from '../../src/peers/generations.ts';
import { until } from '../support/fakes.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { joinPeers, MODELS, type Peer } from './peers-bed.ts';

const [COHERE = '', AMAZON = ''] = MODELS;

let server: TestRedis;
let one: Peer;
let other: Peer;

beforeEach(async () => {
  server = await startRedis();
  one = await joinPeers(server);
  other = await joinPeers(server);
});
afterEach(async () => {
  server.thaw();
  one.leave();
  other.leave();
  await server.kill();
});

const agree = (): Promise<void> => until(() => one.generations.of(COHERE) === other.generations.of(COHERE));

describe('a generation', () => {
  test('begins at 0, and goes up for one model alone', async () => {
    expect(one.generations.of(COHERE)).toBe(0);
    await one.generations.advance(COHERE);
    expect(one.generations.of(COHERE)).toBeGreaterThan(0);
    expect(one.generations.of(AMAZON)).toBe(0);
  });

  test('goes up here at once, and in all processes without their asking', async () => {
    const done = one.generations.advance(COHERE);
    expect(one.generations.of(COHERE)).toBeGreaterThan(0);
    await done;
    await agree();
  });

  test('is never used a second time, however slow or wrong the clocks are', async () => {
    const late = await joinPeers(server, () => 5);
    try {
      await one.generations.advance(COHERE);
      await late.generations.exchange();
      const before = one.generations.of(COHERE);
      await late.generations.advance(COHERE);
      expect(late.generations.of(COHERE)).toBe(before + 1);
      await until(() => one.generations.of(COHERE) === before + 1);
    } finally {
      late.leave();
    }
  });

  test('is told to a process that starts later', async () => {
    await one.generations.advance(COHERE);
    const third = await joinPeers(server);
    try {
      await until(() => third.generations.of(COHERE) === one.generations.of(COHERE));
    } finally {
      third.leave();
    }
  });

  test('does not go back when Redis was emptied: who knows it tells it', async () => {
    await one.generations.advance(COHERE);
    await agree();
    const before = one.generations.of(COHERE);
    await server.flush();
    await other.generations.exchange();
    expect(other.generations.of(COHERE)).toBe(before);
    expect(await one.client.hget('app:generations', COHERE)).toBe(String(before));
  });

  test('that was missed is heard with the connection that comes back', async () => {
    await server.kill();
    // Nobody can be told, and whoever asked for it hears so.
    await expect(one.generations.advance(COHERE)).rejects.toThrow();
    expect(one.generations.of(COHERE)).toBeGreaterThan(0);
    expect(other.generations.of(COHERE)).toBe(0);
    await server.start();
    await until(() => one.opened() > 1 && other.opened() > 1);
    await until(() => one.client.status === 'ready' && other.client.status === 'ready');
    await until(async () => {
      await one.generations.exchange();
      await other.generations.exchange();
      return other.generations.of(COHERE) === one.generations.of(COHERE);
    });
  });

  test('of a Redis that hangs is refused in time', async () => {
    server.freeze();
    await expect(one.generations.advance(COHERE)).rejects.toThrow();
  });

  test('is kept longer than any score', async () => {
    await one.generations.advance(COHERE);
    expect(await one.client.pttl('app:generations')).toBeGreaterThan(60_000);
  });

  test('that is none, or of a model nobody serves, is not believed', async () => {
    let heard = false;
    other.channel.on('mark', () => {
      heard = true;
    });
    for (const message of [`${COHERE} x`, COHERE, `${COHERE} -5`, 'another 7', '', `${COHERE} 1e99`])
      one.channel.publish('generation', message);
    one.channel.publish('mark', '');
    await until(() => heard);
    expect(other.generations.of(COHERE)).toBe(0);
    expect(other.generations.of('another')).toBe(0);
  });

  test('of a process that is alone needs no Redis', async () => {
    const alone = new Generations({ models: MODELS, shared: undefined, scoreLifeMs: 1000, now: () => 7 });
    await alone.advance(COHERE);
    await alone.advance(COHERE);
    await alone.exchange();
    expect(alone.of(COHERE)).toBe(8);
  });
});
