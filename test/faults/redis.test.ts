/**
 * All that can become of a Redis: in each state requests are answered, `/healthz` answers, `/readyz` and the metrics tell what
 * is wrong in Redis' own word, one line of the log does, and nobody has to do anything once it is over.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { describe, expect, test } from 'vitest';
import { bodyOf, fresh } from '../e2e/requests.ts';
import { openDoor } from '../support/door.ts';
import { startTestGateway } from '../support/gateway.ts';
import { startHerokuRedis } from '../support/heroku-redis.ts';
import { eventually, RedisWorld, type RedisWorldOptions } from './redis-world.ts';

interface Fault extends RedisWorldOptions {
  readonly name: string;
  readonly state: 'outage' | 'wrong server' | 'refused' | 'full' | 'forbidden';
  readonly code: string | RegExp;
  begin(world: RedisWorld): unknown;
  end(world: RedisWorld): unknown;
}

/** Whoever is connected has to come again. */
const cutAll = async ({ admin }: RedisWorld): Promise<void> => {
  await admin.call('CLIENT', 'KILL', 'USER', 'gateway');
};

const led = (name: string, beyond: 'closes' | 'never answers' | 'is no Redis' | 'is a web server') => ({
  name,
  begin({ door }: RedisWorld) {
    door.lead(beyond);
    door.cut();
  },
  end({ door, redis }: RedisWorld) {
    door.lead(redis.port);
    door.cut();
  },
});

const setting = (name: string, bad: string, good: string) => ({
  begin: ({ admin }: RedisWorld) => admin.config('SET', name, bad),
  end: ({ admin }: RedisWorld) => admin.config('SET', name, good),
});

const FAULTS: readonly Fault[] = [
  {
    name: 'is gone',
    direct: true,
    login: '',
    state: 'outage',
    code: 'ECONNREFUSED',
    begin: ({ redis }) => redis.kill(),
    end: ({ redis }) => redis.start(),
  },
  {
    name: 'hangs',
    state: 'outage',
    code: 'TIMEOUT',
    begin: ({ redis }) => redis.freeze(),
    end: ({ redis }) => redis.thaw(),
  },
  { ...led('closes every connection at once', 'closes'), state: 'outage', code: /CLOSED|ECONNRESET|EPIPE/ },
  { ...led('takes connections and never answers', 'never answers'), state: 'outage', code: 'TIMEOUT' },
  { ...led('is something else', 'is no Redis'), state: 'wrong server', code: 'PROTOCOL' },
  { ...led('is a web server', 'is a web server'), state: 'wrong server', code: 'PROTOCOL' },
  {
    name: 'runs a script that does not end',
    settings: ['--busy-reply-threshold', '50'],
    state: 'outage',
    code: /BUSY|TIMEOUT/,
    begin({ redis }) {
      const other = new Redis(redis.url);
      other.eval('while true do end', 0).catch(() => other.disconnect());
    },
    end: ({ redis }) => redis.tell('SCRIPT KILL'),
  },
  {
    name: 'is loading its data',
    state: 'wrong server',
    code: 'LOADING',
    async begin({ admin }) {
      for (let i = 0; i < 1000; i++) await admin.set(`ballast:${i}`, 'x'.repeat(300));
      // It answers every few keys, and so within milliseconds.
      await admin.config('SET', 'rdbcompression', 'no');
      await admin.config('SET', 'loading-process-events-interval-bytes', 1024);
      await admin.config('SET', 'key-load-delay', 5000);
      admin.call('DEBUG', 'RELOAD').catch(() => {});
    },
    end() {},
  },
  {
    name: 'has become a replica, of which there is no other primary',
    state: 'wrong server',
    code: 'READONLY',
    begin: ({ admin }) => admin.replicaof('127.0.0.1', 1),
    end: ({ admin }) => admin.replicaof('no', 'one'),
  },
  {
    name: 'is a replica that has lost its primary, and tells nothing',
    state: 'wrong server',
    code: 'MASTERDOWN',
    async begin({ admin }) {
      await admin.config('SET', 'replica-serve-stale-data', 'no');
      await admin.replicaof('127.0.0.1', 1);
    },
    end: ({ admin }) => admin.replicaof('no', 'one'),
  },
  {
    name: 'has too few replicas',
    state: 'wrong server',
    code: 'NOREPLICAS',
    ...setting('min-replicas-to-write', '1', '0'),
  },
  {
    name: 'has another password',
    state: 'refused',
    code: 'WRONGPASS',
    async begin(world) {
      await world.admin.acl('SETUSER', 'gateway', 'resetpass', '>another');
      await cutAll(world);
    },
    end: ({ admin }) => admin.acl('SETUSER', 'gateway', '>right-SECRET'),
  },
  {
    name: 'has a password where there was none',
    login: '',
    state: 'refused',
    code: 'NOAUTH',
    async begin({ admin, door }) {
      await admin.config('SET', 'requirepass', 'secret');
      door.cut();
    },
    end: ({ admin }) => admin.config('SET', 'requirepass', ''),
  },
  {
    name: 'has no room for another client',
    direct: true,
    state: 'refused',
    code: 'ERR max number of clients reached',
    async begin(world) {
      await world.admin.config('SET', 'maxclients', 1);
      await cutAll(world);
    },
    end: ({ admin }) => admin.config('SET', 'maxclients', 1000),
  },
  {
    name: 'is replaced by one that has fewer databases',
    path: '/9',
    state: 'refused',
    code: 'ERR DB index is out of range',
    begin({ door, other }) {
      door.lead(other.port);
      door.cut();
    },
    end: ({ door, redis }) => door.lead(redis.port),
  },
  {
    name: 'lets its user run no scripts',
    state: 'forbidden',
    code: 'NOPERM',
    begin: ({ admin }) => admin.acl('SETUSER', 'gateway', '-@scripting'),
    end: ({ admin }) => admin.acl('SETUSER', 'gateway', '+@all'),
  },
  {
    name: 'has a user without channels',
    state: 'forbidden',
    code: 'NOPERM',
    begin: ({ admin }) => admin.acl('SETUSER', 'gateway', 'resetchannels'),
    end: ({ admin }) => admin.acl('SETUSER', 'gateway', 'allchannels'),
  },
  { name: 'is full', state: 'full', code: 'OOM', ...setting('maxmemory', '1', '0') },
];

/** Something is there to be used, though not for everything. */
const USABLE = ['full', 'forbidden'];

/** How long it goes on: several rounds of whatever is done again and again. */
const LASTING_MS = 2500;

describe('a Redis that', () => {
  test.concurrent.each(FAULTS.map((fault) => [fault.name, fault] as const))(
    '%s: answers go on, the process says that it lives, why it is degraded, and so once, and is well by itself',
    async (_, { state, code, begin, end, ...options }) => {
      const world = await RedisWorld.start(options);
      try {
        await begin(world);
        const redis = USABLE.includes(state) ? 'up' : 'down';
        const reason = typeof code === 'string' ? code : expect.stringMatching(code);
        // Nobody has to ask for anything.
        await world.becomes(expect.objectContaining({ status: 'degraded', redis, reason }) as never);
        const until = performance.now() + LASTING_MS;
        while (performance.now() < until) {
          await world.answers();
          await sleep(100);
        }
        const line = typeof code === 'string' ? `${state} ${code}` : expect.stringMatching(`^${state} `);
        await eventually(() => world.said, [line]);
        if (state !== 'wrong server' || code !== 'LOADING')
          await eventually(() => world.metric('redis_state', { state }), 1);
        await end(world);
        const asking = setInterval(() => void world.answers(1).catch(() => {}), 200);
        await world.becomes({ status: 'ready', redis: 'up' }).finally(() => clearInterval(asking));
        await world.answers();
        await eventually(() => world.said.slice(1), ['up']);
        await eventually(() => world.metric('redis_state', { state: 'up' }), 1);
        expect(world.lines('redis command failed')).toEqual([]);
        expect(world.gateway.log.join()).not.toContain('SECRET');
      } finally {
        await world.end();
      }
    },
    60_000,
  );
});

describe.concurrent('after a failover in which the old primary lives on as a replica', () => {
  test('the new one is in use within ten seconds, by all three connections, and that was said once', async () => {
    const world = await RedisWorld.start({ settings: ['--replica-serve-stale-data', 'yes'] });
    try {
      const { admin, door, redis, other } = world;
      await world.answers();
      await other.tell(`REPLICAOF 127.0.0.1 ${redis.port}`);
      await eventually(
        async () => (await other.tell('INFO replication')).includes('master_link_status:up'),
        true,
      );
      door.lead(other.port);
      await other.tell('REPLICAOF NO ONE');
      await admin.replicaof('127.0.0.1', other.port);
      const failedOver = performance.now();
      const users = async (): Promise<number> =>
        (await other.tell('CLIENT LIST')).match(/\bname=.* user=gateway\b/g)?.length ?? 0;
      await eventually(users, 3);
      await world.becomes({ status: 'ready', redis: 'up' });
      expect(performance.now() - failedOver).toBeLessThan(10_000);
      await world.answers();
      await eventually(() => world.said, ['wrong server READONLY', 'up']);
      expect(await world.metric('redis_errors_total', { kind: 'wrong server' })).toBeGreaterThan(0);
    } finally {
      await world.end();
    }
  });
});

/** Connections that Redis has taken from the gateway since. */
const comings = async (world: RedisWorld, during: () => Promise<unknown>): Promise<number> => {
  const before = world.door.count;
  await during();
  return world.door.count - before;
};

describe.concurrent('a Redis that cannot be had is not overrun', () => {
  test('by a process whose user has no channels: not one connection more, and answers from other processes', async () => {
    const world = await RedisWorld.start();
    try {
      const { admin } = world;
      await admin.acl('SETUSER', 'gateway', 'resetchannels');
      await world.becomes({ status: 'degraded', redis: 'up', reason: 'NOPERM' });
      expect(await comings(world, () => sleep(6000))).toBe(0);
      const request = fresh();
      await bodyOf(await world.gateway.rerank(request));
      const another = await startTestGateway({ env: { REDIS_URL: world.redis.url, VERIFY_RATE: '0' } });
      await eventually(
        async () => (await another.rerank(request)).headers.get('cache-status'),
        expect.stringContaining('redis'),
      );
      await another.stop();
      expect(world.said).toEqual(['forbidden NOPERM']);
    } finally {
      await world.end();
    }
  });

  test('by a process with a wrong password: three times three connections in six seconds at most', async () => {
    const world = await RedisWorld.start();
    try {
      await world.admin.acl('SETUSER', 'gateway', 'resetpass', '>another');
      const count = await comings(world, async () => {
        await cutAll(world);
        await sleep(6000);
      });
      expect(count).toBeGreaterThanOrEqual(6);
      expect(count).toBeLessThanOrEqual(9);
    } finally {
      await world.end();
    }
  });
});

test.concurrent('connections that are cut again and again come back, and nothing is said of it', async () => {
  const world = await RedisWorld.start();
  try {
    for (let i = 0; i < 5; i++) {
      await cutAll(world);
      await world.answers(1);
      await world.becomes({ status: 'ready', redis: 'up' });
    }
    expect(world.said).toEqual([]);
    expect(await world.metric('redis_connects_total')).toBeGreaterThanOrEqual(3 + 5);
  } finally {
    await world.end();
  }
});

test.concurrent('a Redis that is emptied and then holds values of another type under our keys is used again', async () => {
  const world = await RedisWorld.start();
  try {
    const { admin } = world;
    const request = fresh();
    const before = await bodyOf(await world.gateway.rerank(request));
    await eventually(async () => (await admin.keys('rerank:pairs*')).length > 0, true);
    const keys = await admin.keys('*');
    await admin.flushall();
    for (const key of keys) {
      if ((await admin.lpush(key, 'a list').catch(() => 0)) === 0) await admin.del(key);
    }
    await world.answers();
    await world.becomes({ status: 'ready', redis: 'up' });
    for (const key of keys.filter((key) => /pairs/.test(key))) {
      await admin.del(key);
      await admin.lpush(key, 'a list');
    }
    const another = await startTestGateway({ env: { REDIS_URL: world.redis.url, VERIFY_RATE: '0' } });
    expect((await bodyOf(await another.rerank(request))).results).toEqual(before.results);
    await another.stop();
    await eventually(async () => await admin.type(keys.find((key) => /pairs/.test(key))!), 'string');
  } finally {
    await world.end();
  }
});

test.concurrent('a Redis that speaks no TLS where the URL says so is told apart, and used once it does', async () => {
  const redis = await startHerokuRedis('volatile-lru');
  const door = await openDoor('is a web server');
  const { username, password, port } = new URL(redis.url);
  const url = `rediss://${username}:${password}@127.0.0.1:${door.port}`;
  const gateway = await startTestGateway({
    env: { REDIS_URL: url, VERIFY_RATE: '0', RATE_WINDOW_MS: '1000' },
  });
  try {
    const readiness = async () => (await fetch(`${gateway.url}/readyz`)).json();
    const reason = 'ERR_SSL_WRONG_VERSION_NUMBER';
    await eventually(readiness, expect.objectContaining({ redis: 'down', reason }));
    await bodyOf(await gateway.rerank(fresh()));
    expect(
      gateway.log.filter((line) => line.includes(reason) && line.includes('"msg":"redis"')),
    ).toHaveLength(1);
    door.lead(Number(port));
    await eventually(readiness, { status: 'ready', redis: 'up' });
  } finally {
    await gateway.stop();
    await door[Symbol.asyncDispose]();
    await redis[Symbol.asyncDispose]();
  }
});
