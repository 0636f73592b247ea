import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { addressOf } from '../../src/redis/client.ts';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { bodyOf, fresh } from './requests.ts';

let redis: TestRedis;
let admin: Redis;
let gateway: TestGateway;

/** A server with fewer databases than usual. */
beforeEach(async () => {
  redis = await startRedis(['--databases', '4']);
  admin = new Redis(addressOf(redis.url));
});
afterEach(async () => {
  await gateway.stop();
  admin.disconnect();
  await redis.kill();
});

const start = async (login: string, path: string): Promise<void> => {
  gateway = await startTestGateway({
    env: { REDIS_URL: `redis://${login}127.0.0.1:${redis.port}${path}`, VERIFY_RATE: '0' },
  });
  await bodyOf(await gateway.rerank(fresh()));
};

const keysIn = async (database: number): Promise<number> => {
  await admin.select(database);
  return admin.dbsize();
};

const readiness = async (): Promise<unknown> => (await fetch(`${gateway.url}/readyz`)).json();

test('a user and a password of any characters, and the database, are used as they were meant', async () => {
  const [user, password] = ['gate/way:@', 'p@ss:/w%rd?#é'];
  await admin.acl('SETUSER', user, 'on', `>${password}`, '~*', '&*', '+@all');
  await start(`${encodeURIComponent(user)}:${encodeURIComponent(password)}@`, '/3');
  expect(await readiness()).toEqual({ status: 'ready', redis: 'up' });
  expect(await keysIn(3)).toBeGreaterThan(0);
  expect(await keysIn(0)).toBe(0);
});

test('a database that is not there is no reason to use another', async () => {
  await start('', '/9');
  expect(await readiness()).toEqual({
    status: 'degraded',
    redis: 'down',
    reason: 'ERR DB index is out of range',
  });
  expect(await keysIn(0)).toBe(0);
  expect(gateway.log.filter((line) => line.includes('ERR DB index')).length).toBe(1);
});

test('a wrong password is told by what Redis calls it, and not shown', async () => {
  await admin.acl('SETUSER', 'gateway', 'on', '>right', '~*', '&*', '+@all');
  await start('gateway:wrong-SECRET@', '');
  expect(await readiness()).toEqual({ status: 'degraded', redis: 'down', reason: 'WRONGPASS' });
  expect(gateway.log.filter((line) => line.includes('WRONGPASS')).length).toBe(1);
  expect(gateway.log.join()).not.toContain('SECRET');
});
