/** What happens to the fleet: each of it passes, and nothing of it is the fleet's own doing. */

import { Redis } from 'ioredis';
import type { FleetBed } from '../support/fleet-bed.ts';

export interface Fault {
  readonly name: string;
  run(): Promise<void>;
}

export interface FaultOptions {
  readonly bed: FleetBed;
  readonly random: () => number;
  /** Puts another process in the place of one of the fleet. */
  readonly replace: (how: 'kill' | 'stop') => Promise<void>;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Values that nobody of ours has written. */
const FOREIGN = [
  'x',
  '',
  '-5',
  'nan',
  'inf',
  '1e300',
  '9007199254740993',
  '\u0000\uffff',
  'x'.repeat(10_000),
];

export const faultsOf = ({ bed, random, replace }: FaultOptions): readonly Fault[] => {
  const { redis, simulator } = bed;
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)]!;

  /** A connection that is not the fleet's. */
  const asked = async (run: (client: Redis) => Promise<unknown>): Promise<void> => {
    const client = new Redis(redis.url, { lazyConnect: true, maxRetriesPerRequest: 0, commandTimeout: 2000 });
    client.on('error', () => {});
    try {
      await client.connect();
      await run(client);
    } catch {
      // It was down: nothing has happened to it.
    } finally {
      client.disconnect();
    }
  };

  const foreignValue = async (client: Redis): Promise<void> => {
    const keys = await client.keys('*');
    if (keys.length === 0) return;
    const key = pick(keys);
    const type = await client.type(key);
    const value = pick(FOREIGN);
    if (random() < 0.3) {
      await client.del(key);
      await pick([
        () => client.set(key, value),
        () => client.lpush(key, value),
        () => client.sadd(key, value),
        () => client.hset(key, value, value),
      ])();
    } else if (type === 'hash') {
      const fields = await client.hkeys(key);
      await client.hset(key, pick([...fields, value]), value);
    } else if (type === 'zset') {
      await client.zadd(key, pick(['1', 'inf', '9e15', '-1']), value);
    } else if (type === 'string') {
      await client.set(key, value, 'PX', 60_000);
    }
  };

  /** All calls, for a moment. */
  const upstream = async (fault: Parameters<typeof simulator.faultWhen>[1], ms: number): Promise<void> => {
    const end = simulator.faultWhen(() => true, fault);
    await pause(ms);
    end();
  };

  return [
    { name: 'Redis is emptied', run: () => redis.flush().catch(() => {}) },
    {
      name: 'Redis hangs',
      async run() {
        redis.freeze();
        await pause(500 + 3000 * random());
        redis.thaw();
      },
    },
    {
      name: 'Redis is restarted, empty',
      async run() {
        await redis.kill();
        await pause(1500 * random());
        await redis.start();
      },
    },
    {
      name: 'Redis is away for long',
      async run() {
        await redis.kill();
        await pause(8000 + 8000 * random());
        await redis.start();
      },
    },
    {
      name: 'Redis takes no writes',
      async run() {
        await asked((client) => client.config('SET', 'min-replicas-to-write', '1'));
        await pause(2000 + 3000 * random());
        await asked((client) => client.config('SET', 'min-replicas-to-write', '0'));
      },
    },
    {
      name: 'Redis is full',
      async run() {
        await asked((client) => client.config('SET', 'maxmemory', '1'));
        await pause(2000 + 3000 * random());
        await asked((client) => client.config('SET', 'maxmemory', '0'));
      },
    },
    {
      name: 'Redis drops all connections',
      run: () => asked((client) => client.call('CLIENT', 'KILL', 'TYPE', 'normal')),
    },
    { name: 'Redis holds foreign values', run: () => asked(foreignValue) },
    {
      name: 'foreign words on the channel',
      run: () =>
        asked(async (client) => {
          for (const [, channel] of (await client.pubsub('CHANNELS', '*')).entries()) {
            const topic = pick(['claims', 'over', 'refused', 'generation', 'model', 'drift', 'x']);
            await client.publish(String(channel), `${topic} ${pick(FOREIGN)}`);
          }
        }),
    },
    {
      name: 'the upstream fails',
      run: () => upstream({ kind: 'status', status: 500 }, 1000 + 3000 * random()),
    },
    { name: 'the upstream hangs', run: () => upstream({ kind: 'hang' }, 1000 + 2000 * random()) },
    {
      name: 'the upstream throttles',
      run: () => upstream({ kind: 'status', status: 429, retryAfter: '1' }, 500),
    },
    {
      name: 'the upstream is slow',
      async run() {
        simulator.latency([500, 2000]);
        await pause(3000);
        simulator.latency([5, 400]);
      },
    },
    { name: 'a process is killed', run: () => replace('kill') },
    { name: 'a process is restarted', run: () => replace('stop') },
  ];
};
