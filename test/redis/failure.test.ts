import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterEach, describe, expect, it } from 'vitest';
import { failureOf } from '../../src/redis/failure.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';

const servers: TestRedis[] = [];
const clients: Redis[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) client.disconnect();
  await Promise.all(servers.splice(0).map((server) => server.kill()));
});

const serve = async (...settings: string[]): Promise<TestRedis> => {
  const server = await startRedis(settings);
  servers.push(server);
  return server;
};

/** A client that says what Redis says, and does nothing about it. */
const connectTo = async (url: string): Promise<Redis> => {
  const client = new Redis(url, { commandTimeout: 300, enableOfflineQueue: false, maxRetriesPerRequest: 1 });
  client.on('error', () => {});
  clients.push(client);
  while (client.status !== 'ready') await sleep(5);
  return client;
};

const meaning = async (command: Promise<unknown>): Promise<string> => {
  const error = await command.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  const { kind, code } = failureOf(error);
  return `${kind}: ${code}`;
};

const IN_A_SCRIPT = "return redis.call('SET', KEYS[1], ARGV[1])";

describe('what a failure of Redis means', () => {
  it('is an outage when there is no connection, or it is lost, or nobody answers', async () => {
    const server = await serve();
    const client = await connectTo(server.url);
    server.freeze();
    expect(await meaning(client.get('a'))).toBe('outage: TIMEOUT');
    const cut = meaning(client.get('a'));
    await server.kill();
    expect(await cut).toBe('outage: CLOSED');
    expect(await meaning(client.get('a'))).toBe('outage: CLOSED');
    const nowhere = new Redis('redis://127.0.0.1:1', { lazyConnect: true, retryStrategy: () => null });
    nowhere.on('error', () => {});
    expect(await meaning(nowhere.connect())).toBe('outage: CLOSED');
    expect(failureOf(Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }))).toMatchObject({
      kind: 'outage',
      code: 'ECONNREFUSED',
    });
  });

  it('is the wrong server when it may not decide', async () => {
    const client = await connectTo((await serve()).url);
    await client.replicaof('127.0.0.1', 1);
    expect(await meaning(client.set('a', 1))).toBe('wrong server: READONLY');
    expect(await meaning(client.eval(IN_A_SCRIPT, 1, 'a', 1))).toBe('wrong server: READONLY');
    await client.config('SET', 'replica-serve-stale-data', 'no');
    expect(await meaning(client.get('a'))).toBe('wrong server: MASTERDOWN');
    await client.replicaof('no', 'one');
    await client.config('SET', 'min-replicas-to-write', 1);
    expect(await meaning(client.eval(IN_A_SCRIPT, 1, 'a', 1))).toBe('wrong server: NOREPLICAS');
  });

  it('is a refusal when it does not let us in, or not there', async () => {
    const server = await serve();
    const client = await connectTo(server.url);
    await client.config('SET', 'requirepass', 'secret');
    const stranger = new Redis(server.url, { enableReadyCheck: false });
    stranger.on('error', () => {});
    clients.push(stranger);
    expect(await meaning(stranger.get('a'))).toBe('refused: NOAUTH');
    expect(await meaning(client.auth('wrong'))).toBe('refused: WRONGPASS');
    await client.acl('SETUSER', 'default', '-set');
    expect(await meaning(client.set('a', 1))).toBe('forbidden: NOPERM');
    expect(await meaning(client.eval(IN_A_SCRIPT, 1, 'a', 1))).toMatch('forbidden: NOPERM');
  });

  it('is a full one', async () => {
    const client = await connectTo((await serve('--maxmemory', '1')).url);
    expect(await meaning(client.set('a', 1))).toBe('full: OOM');
    expect(await meaning(client.eval(IN_A_SCRIPT, 1, 'a', 1))).toBe('full: OOM');
  });

  it('is foreign data', async () => {
    const client = await connectTo((await serve()).url);
    await client.hset('a', 'b', 1);
    expect(await meaning(client.get('a'))).toBe('data: WRONGTYPE');
    expect(await meaning(client.eval("return redis.call('GET', KEYS[1])", 1, 'a'))).toBe('data: WRONGTYPE');
    expect(await meaning(client.eval('return nil + 1', 0))).toBe('data: ERR');
    // As Redis 6 has it.
    const old = new Error(
      'ERR Error running script (call to f_0a): @user_script:1: WRONGTYPE Operation against',
    );
    old.name = 'ReplyError';
    expect(failureOf(old)).toMatchObject({ kind: 'data', code: 'WRONGTYPE' });
  });

  it('is an outage while a script does not end', async () => {
    const server = await serve('--busy-reply-threshold', '10');
    const [client, other] = [await connectTo(server.url), await connectTo(server.url)];
    const endless = client.eval('while true do end', 0).catch(() => {});
    await sleep(100);
    expect(await meaning(other.get('a'))).toBe('outage: BUSY');
    await other.script('KILL');
    await endless;
  });

  it.each([
    [new TypeError('x is not a function'), 'TypeError'],
    [new Error('a word of our own'), 'Error'],
    [Object.assign(new TypeError('The "data" argument'), { code: 'ERR_INVALID_ARG_TYPE' }), 'TypeError'],
    [new RangeError('Maximum call stack size exceeded'), 'RangeError'],
    [new SyntaxError('Unexpected token'), 'SyntaxError'],
    ['thrown', 'string'],
    [undefined, 'undefined'],
  ])('is a mistake of ours when it is not from Redis: %s', (error, code) => {
    expect(failureOf(error)).toEqual({ kind: 'bug', code, error });
  });
});
