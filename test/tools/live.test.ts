import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Redis } from 'ioredis';
import { afterEach, describe, expect, test } from 'vitest';
import { startSimulator } from '../../src/simulator/server.ts';
import { reportOf } from '../../src/tools/live/finding.ts';
import { checkRedis } from '../../src/tools/live/redis.ts';
import { checkUpstream } from '../../src/tools/live/upstream.ts';
import { COHERE, LIMITS, UPSTREAM_KEY } from '../support/gateway.ts';
import { startRedis } from '../support/redis.ts';

/** What an operator reads of it. */
const textOf = (findings: readonly { kind: string; text: string }[]): string[] =>
  findings.map(({ kind, text }) => `${kind}: ${text.replace(/\d+ ms/, 'N ms')}`);

describe('of an upstream', () => {
  const check = async (key: string, models = Object.keys(LIMITS)) => {
    const simulator = await startSimulator({ keys: { [UPSTREAM_KEY]: {} }, limits: LIMITS });
    try {
      const findings = await checkUpstream({ alias: 'RERANK', url: simulator.url, key }, models);
      return { said: textOf(findings), calls: [...simulator.calls] };
    } finally {
      await simulator.close();
    }
  };

  test('a live check says that all is well, and scores nothing', async () => {
    const { said, calls } = await check(UPSTREAM_KEY);
    expect(said).toEqual(['fine: reached in N ms', 'fine: the key is accepted']);
    expect(calls.map(({ status }) => status).sort()).toEqual([400, 401]);
  });

  test('it says that the key is refused', async () => {
    expect((await check('another-key-SECRET')).said).toContain('problem: the key is refused');
  });

  test('it names a model that is not offered', async () => {
    const { said } = await check(UPSTREAM_KEY, [COHERE, 'cohere-rerank-9']);
    expect(said).toContainEqual(expect.stringMatching(/^problem: does not offer cohere-rerank-9/));
  });

  test('it says by a code why there is no answer', async () => {
    const url = 'http://127.0.0.1:1';
    const findings = await checkUpstream({ alias: 'RERANK', url, key: UPSTREAM_KEY }, [COHERE]);
    expect(textOf(findings)).toEqual(['problem: cannot be reached: ECONNREFUSED']);
  });

  describe('that is another', () => {
    let server: Server;
    afterEach(() => void server.close());
    const answering = async (status: number, body = ''): Promise<string[]> => {
      server = createServer((_, answer) => void answer.writeHead(status).end(body)).listen(0, '127.0.0.1');
      await new Promise((resolve) => server.once('listening', resolve));
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      return textOf(await checkUpstream({ alias: 'RERANK', url, key: UPSTREAM_KEY }, [COHERE]));
    };

    test('it says what it cannot tell, where a wrong key gets the same answer', async () => {
      expect(await answering(400, '{"DOCTEXT": 1}')).toEqual([
        'fine: reached in N ms',
        'warning: GET /available-models is answered 400, and names no model',
        'warning: whether the key is accepted cannot be told without a billed call',
      ]);
    });

    test.each([404, 500])('it says that calls are answered %i', async (status) => {
      expect(await answering(status)).toContain(`problem: a call is answered ${status}`);
    });
  });
});

describe('of Redis', () => {
  test('a live check says its version, what bounds it, and that it drops the oldest', async () => {
    await using redis = await startRedis();
    const client = new Redis(redis.url);
    await client.config('SET', 'maxmemory', '25mb', 'maxmemory-policy', 'volatile-lru');
    const said = textOf(await checkRedis(redis.url));
    expect(said[0]).toMatch(/^fine: 127\.0\.0\.1:\d+ answers in N ms$/);
    expect(said[1]).toMatch(
      /^fine: (Redis|Valkey) \d+\.\d+\.\d+, 25\.00M of memory, at most \d+ connections$/,
    );
    expect(said[2]).toBe('fine: eviction policy volatile-lru');
    await client.config('SET', 'maxmemory-policy', 'noeviction');
    expect(textOf(await checkRedis(redis.url))[2]).toMatch(
      /^warning: eviction policy noeviction: .*volatile-lru$/,
    );
    await client.config('SET', 'maxmemory-policy', 'allkeys-lru');
    expect(textOf(await checkRedis(redis.url))[2]).toMatch(
      /^warning: eviction policy allkeys-lru .*volatile-lru$/,
    );
    await client.replicaof('127.0.0.1', 1);
    expect(textOf(await checkRedis(redis.url))).toContain('problem: it is a replica, which takes no writes');
    client.disconnect();
  });

  test('it says what may not be read, and who is not let in', async () => {
    await using redis = await startRedis();
    const client = new Redis(redis.url);
    await client.acl('SETUSER', 'some', 'on', '>password-SECRET', '+@all', '-info');
    const { host } = new URL(redis.url);
    const said = textOf(await checkRedis(`redis://some:password-SECRET@${host}`));
    expect(said).toContain('warning: its version and eviction policy may not be read by this user');
    const wrong = textOf(await checkRedis(`redis://some:other-SECRET@${host}`));
    expect(wrong).toEqual([
      expect.stringMatching(/^problem: 127\.0\.0\.1:\d+ cannot be used \(refused\): WRONGPASS$/),
    ]);
    client.disconnect();
  });

  test('it says that there is none', async () => {
    expect(textOf(await checkRedis('redis://127.0.0.1:1'))).toEqual([
      'problem: 127.0.0.1:1 cannot be used (outage): ECONNREFUSED',
    ]);
  });
});

test('the report is a table, and ends with what is to be done', () => {
  const findings = [
    { about: 'RERANK', kind: 'fine', text: 'a' },
    { about: 'Redis', kind: 'problem', text: 'b' },
  ] as const;
  expect(reportOf(findings)).toBe('RERANK  a\nRedis   PROBLEM: b\nlive: 1 to repair\n');
  expect(reportOf(findings.slice(0, 1))).toMatch(/live: all can be used\n$/);
});
