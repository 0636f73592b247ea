import fc from 'fast-check';
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { addressOf } from '../../src/redis/client.ts';
import { redisServer } from '../../src/redis/url.ts';
import { configOf, DEV } from './environments.ts';

const anyHost = fc.oneof(
  fc.constant('localhost'),
  fc.ipV4(),
  fc.ipV6(),
  fc.stringMatching(/^[a-z][a-z0-9-]{0,20}(\.[a-z]{1,10})?$/),
);
const anySecret = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 });

test('every user, password, host, port and database comes to ioredis as it was meant', () => {
  fc.assert(
    fc.property(
      fc.record({
        tls: fc.boolean(),
        host: anyHost,
        port: fc.integer({ min: 1, max: 65_535 }),
        username: fc.option(anySecret, { nil: undefined }),
        password: anySecret,
        database: fc.integer({ min: 0, max: 15 }),
      }),
      (server) => {
        const { tls, host, port, username = '', password, database } = server;
        const login = `${encodeURIComponent(username)}:${encodeURIComponent(password)}`;
        const address = host.includes(':') ? `[${host}]` : host;
        const url = `redis${tls ? 's' : ''}://${login}@${address}:${port}/${database}`;
        const { redis } = configOf({ ...DEV, REDIS_URL: url });
        expect({ ...redisServer(redis!.url), host }).toEqual(server);
        const client = new Redis({ ...addressOf(redis!.url), lazyConnect: true });
        expect(client.options).toMatchObject({ port, password, db: database });
        expect(client.options.username ?? '').toBe(username);
        expect(Boolean(client.options.tls)).toBe(tls);
        expect(client.options.host?.includes('[')).toBe(false);
      },
    ),
    { numRuns: 300 },
  );
});

test('what is not said is the usual', () => {
  expect(redisServer('redis://h')).toEqual({
    tls: false,
    host: 'h',
    port: 6379,
    username: undefined,
    password: undefined,
    database: 0,
  });
});
