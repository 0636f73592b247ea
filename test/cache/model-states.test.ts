import fc from 'fast-check';
import type { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ModelStates } from '../../src/cache/model-states.ts';
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

const agree = (): Promise<void> =>
  until(() => one.states.of(COHERE).version === other.states.of(COHERE).version);

describe('a version', () => {
  test('begins at 0, and goes up for one model alone', async () => {
    expect(one.states.of(COHERE).version).toBe(0);
    await one.states.advance(COHERE);
    expect(one.states.of(COHERE).version).toBeGreaterThan(0);
    expect(one.states.of(AMAZON).version).toBe(0);
  });

  test('goes up here at once, and in all processes without their asking', async () => {
    const done = one.states.advance(COHERE);
    expect(one.states.of(COHERE).version).toBeGreaterThan(0);
    await done;
    await agree();
  });

  test('is never used a second time, however slow or wrong the clocks are', async () => {
    const late = await joinPeers(server, () => 5);
    try {
      await one.states.advance(COHERE);
      await late.states.exchange();
      const before = one.states.of(COHERE).version;
      await late.states.advance(COHERE);
      expect(late.states.of(COHERE).version).toBe(before + 1);
      await until(() => one.states.of(COHERE).version === before + 1);
    } finally {
      late.leave();
    }
  });

  test('is told to a process that starts later', async () => {
    await one.states.advance(COHERE);
    const third = await joinPeers(server);
    try {
      await until(() => third.states.of(COHERE).version === one.states.of(COHERE).version);
    } finally {
      third.leave();
    }
  });

  test('does not go back when Redis was emptied: who knows it tells it', async () => {
    await one.states.advance(COHERE);
    await agree();
    const before = one.states.of(COHERE).version;
    await server.flush();
    await other.states.exchange();
    expect(other.states.of(COHERE).version).toBe(before);
    expect(await one.client.hget('app:models2', COHERE)).toBe(`${before} 0`);
  });

  test('that was missed is heard with the connection that comes back', async () => {
    await server.kill();
    // Nobody can be told, and whoever asked for it hears so.
    await expect(one.states.advance(COHERE)).rejects.toThrow();
    expect(one.states.of(COHERE).version).toBeGreaterThan(0);
    expect(other.states.of(COHERE).version).toBe(0);
    await server.start();
    await until(() => one.opened() > 1 && other.opened() > 1);
    await until(() => one.client.status === 'ready' && other.client.status === 'ready');
    await until(async () => {
      await one.states.exchange();
      await other.states.exchange();
      return other.states.of(COHERE).version === one.states.of(COHERE).version;
    });
  });

  test('of a Redis that hangs is refused in time', async () => {
    server.freeze();
    await expect(one.states.advance(COHERE)).rejects.toThrow();
  });

  test('is kept longer than any score', async () => {
    await one.states.advance(COHERE);
    expect(await one.client.pttl('app:models2')).toBeGreaterThan(60_000);
  });

  test('that is none, or of a model nobody serves, is not believed', async () => {
    let heard = false;
    other.channel.on('mark', () => {
      heard = true;
    });
    for (const message of [
      ...['x', '-5 0', '1e99 0', '7', '7 0 0', '9007199254740991 0', 'NaN 0'].map(
        (text) => `${COHERE} ${text}`,
      ),
      ...[COHERE, 'another 7 0', ''],
    ])
      one.channel.publish('model', message);
    one.channel.publish('mark', '');
    await until(() => heard);
    expect(other.states.of(COHERE).version).toBe(0);
    expect(other.states.of('another').version).toBe(0);
  });

  test('of a process that is alone needs no Redis', async () => {
    const alone = new ModelStates({ models: MODELS, shared: undefined, scoreLifeMs: 1000, now: () => 7 });
    await alone.advance(COHERE);
    await alone.advance(COHERE);
    await alone.exchange();
    expect(alone.of(COHERE).version).toBe(8);
  });
});

describe('scores that were found to depend on companions', () => {
  test('are known in all processes, also in one that starts later, and after Redis was emptied', async () => {
    await one.states.foundDependent(COHERE);
    await until(() => other.states.of(COHERE).dependentSince > 0);
    await server.flush();
    await other.states.exchange();
    const third = await joinPeers(server);
    try {
      await until(() => third.states.of(COHERE).dependentSince > 0);
      expect(third.states.of(COHERE)).toEqual(one.states.of(COHERE));
      expect(third.states.of(AMAZON).dependentSince).toBe(0);
    } finally {
      third.leave();
    }
  });

  test('are forgotten by a purge, in all processes, whoever hears of what first', async () => {
    await one.states.foundDependent(COHERE);
    await until(() => other.states.of(COHERE).dependentSince > 0);
    await other.states.advance(COHERE);
    await until(() => one.states.of(COHERE).version > 0);
    expect(one.states.of(COHERE).dependentSince).toBe(0);
    // An older word, late.
    one.channel.publish('model', `${COHERE} 0 1800000000000`);
    await one.states.exchange();
    await other.states.exchange();
    expect([one, other].map(({ states }) => states.of(COHERE).dependentSince)).toEqual([0, 0]);
  });
});

/** Bytes that Redis has sent. */
const outputOf = async (client: Redis): Promise<number> =>
  Number(/total_net_output_bytes:(\d+)/.exec(String(await client.info('stats')))![1]);

describe('what Redis holds in place of a state', () => {
  test.each([
    '9007199254740991',
    '9007199254740991 0',
    '1e300 0',
    '-1 0',
    'nan 0',
    '',
    'x',
    '1 99999999999999999',
  ])('is written anew when it is none: %j', async (garbage) => {
    await one.client.hset('app:models2', COHERE, garbage);
    await one.states.advance(COHERE);
    const { version } = one.states.of(COHERE);
    expect(version).toBeGreaterThan(0);
    expect(await one.client.hget('app:models2', COHERE)).toBe(`${version} 0`);
    await agree();
  });

  test('is written anew when it is of another type', async () => {
    await one.client.set('app:models2', 'somebody else’s');
    await one.states.advance(COHERE);
    await agree();
  });

  test.each([1e14 - 1, Date.now() + 172_800_000])(
    'stands in no purge’s way from the future: %d',
    async (ahead) => {
      await one.client.hset('app:models2', COHERE, `${ahead} 0`);
      await one.states.exchange();
      await one.states.advance(COHERE);
      expect(one.states.of(COHERE).version).toBeLessThan(Date.now() + 1000);
      await agree();
    },
  );

  test('is not made by a process whose clock is days ahead, which hears that it has purged nothing', async () => {
    const ahead = await joinPeers(server, () => Date.now() + 172_800_000);
    try {
      await expect(ahead.states.advance(COHERE)).rejects.toThrow();
    } finally {
      ahead.leave();
    }
  });

  test('is not read when it is long, nor when it is of another model', async () => {
    const fields = Array.from({ length: 900 }, (_, i) => [`foreign ${i}`, 'x'.repeat(10_000)]);
    await one.client.hset('app:models2', Object.fromEntries([...fields, [COHERE, `1${' '.repeat(1e6)} 0`]]));
    const before = await outputOf(one.client);
    await one.states.exchange();
    expect((await outputOf(one.client)) - before).toBeLessThan(100_000);
    await one.states.advance(COHERE);
    await agree();
  });

  test('makes way when it is of more models than there are', async () => {
    const fields = Array.from({ length: 3000 }, (_, i) => [`foreign ${i}`, '1 0']);
    await one.states.advance(COHERE);
    await one.client.hset('app:models2', Object.fromEntries(fields));
    await one.states.exchange();
    expect(await one.client.hkeys('app:models2')).toEqual([COHERE]);
  });
});

test('states go one way only, whoever is told of what, and in whatever order', async () => {
  const state = fc.record({ version: fc.nat({ max: 3 }), since: fc.constantFrom(0, 5) });
  await fc.assert(
    fc.asyncProperty(fc.array(state, { minLength: 1, maxLength: 12 }), fc.nat(), async (states, seed) => {
      const [there, back] = [0, 1].map(() => {
        const listeners: ((message: string) => void)[] = [];
        const channel = {
          on: (_: string, tell: (message: string) => void) => listeners.push(tell),
          onOpen() {},
        };
        const shared = { commands: { script() {} }, channel, prefix: '' };
        // biome-ignore lint/suspicious/noExplicitAny: all that it needs to hear
        const process = new ModelStates({ models: MODELS, shared: shared as any, scoreLifeMs: 1 });
        return { process, hear: (text: string) => listeners[0]!(text) };
      });
      const words = states.map(({ version, since }) => `${COHERE} ${version} ${since}`);
      for (const word of words) there!.hear(word);
      const turned = [...words.slice(seed % words.length), ...words.slice(0, seed % words.length)].reverse();
      for (const word of turned) back!.hear(word);
      expect(back!.process.of(COHERE)).toEqual(there!.process.of(COHERE));
    }),
  );
});
