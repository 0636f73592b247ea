import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startRedis, type TestRedis } from './redis.ts';

const canConnect = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });

const until = async (condition: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await condition())) await sleep(10);
};

describe('a Redis for tests', () => {
  let redis: TestRedis;
  let client: Redis;

  beforeEach(async () => {
    redis = await startRedis();
    client = new Redis(redis.url, { maxRetriesPerRequest: 1, retryStrategy: () => 20 });
    client.on('error', () => {});
  });
  afterEach(async () => {
    client.disconnect();
    await redis.kill();
  });

  test('works with a real client as soon as it is started', async () => {
    await client.set('a', '1');
    expect(await client.get('a')).toBe('1');
  });

  test('counts the calls of a command', async () => {
    expect(await redis.commandCount('get')).toBe(0);
    await client.get('a');
    await client.get('b');
    expect(await redis.commandCount('GET')).toBe(2);
    expect(await redis.commandCount('set')).toBe(0);
  });

  test('forgets its data on a flush', async () => {
    await client.set('a', '1');
    await redis.flush();
    expect(await client.dbsize()).toBe(0);
  });

  test.each(['stop', 'kill'] as const)(
    'is gone after a %s, and comes back empty on its port',
    async (end) => {
      await client.set('a', '1');
      await redis[end]();
      expect(await canConnect(redis.port)).toBe(false);
      await redis.start();
      expect(await canConnect(redis.port)).toBe(true);
      await until(() => client.status === 'ready');
      expect(await client.get('a')).toBeNull();
    },
  );

  test('answers nothing while it is frozen, and everything once it is thawed', async () => {
    await client.ping();
    redis.freeze();
    const answer = client.ping();
    expect(await Promise.race([answer, sleep(200, 'silence')])).toBe('silence');
    redis.thaw();
    expect(await answer).toBe('PONG');
  });

  test('can be stopped while it is frozen, and stopped twice', async () => {
    redis.freeze();
    await redis.stop();
    await redis.stop();
    expect(await canConnect(redis.port)).toBe(false);
  });

  test('refuses to start twice', async () => {
    await expect(redis.start()).rejects.toThrow('running already');
  });

  test('does not take another server on its port for itself', async () => {
    const other = await startRedis();
    await other.stop();
    const squatter = spawn(
      'redis-server',
      ['--port', String(other.port), '--bind', '127.0.0.1', '--save', ''],
      {
        stdio: 'ignore',
      },
    );
    try {
      await until(() => canConnect(other.port));
      await expect(other.start()).rejects.toThrow(`did not start on port ${other.port}`);
    } finally {
      squatter.kill('SIGKILL');
    }
  });

  test('ten at once get ports of their own', async () => {
    const many = await Promise.all(Array.from({ length: 10 }, startRedis));
    expect(new Set(many.map(({ port }) => port)).size).toBe(10);
    await Promise.all(many.map((one) => one.kill()));
  });
});

const script = `
  import { startRedis } from '${new URL('./redis.ts', import.meta.url)}';
  const redis = await startRedis();
  if (process.argv.includes('frozen')) redis.freeze();
  console.log(JSON.stringify({ port: redis.port }));
  if (!process.argv.includes('ends')) setInterval(() => {}, 1000);
`;

describe('a process that started a Redis', () => {
  const run = async (...words: string[]) => {
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', '--input-type=module', '-e', script, '--', ...words],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const exited = once(child, 'exit');
    const [line] = await once(child.stdout, 'data');
    return { child, exited, port: (JSON.parse(String(line)) as { port: number }).port };
  };

  test('takes it along when it is killed', async () => {
    const { child, exited, port } = await run();
    expect(await canConnect(port)).toBe(true);
    child.kill('SIGKILL');
    await exited;
    await until(async () => !(await canConnect(port)));
  });

  test('takes a frozen one along too', async () => {
    const { child, exited, port } = await run('frozen');
    child.kill('SIGKILL');
    await exited;
    await until(async () => !(await canConnect(port)));
  });

  test('is not kept alive by it', async () => {
    const { exited, port } = await run('ends');
    expect(await exited).toEqual([0, null]);
    await until(async () => !(await canConnect(port)));
  });
});
