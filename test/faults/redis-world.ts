/** A gateway, its Redis, and all that can be done to it. */

import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { expect } from 'vitest';
import { bodyOf, fresh } from '../e2e/requests.ts';
import { type Door, openDoor } from '../support/door.ts';
import { metric, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';

export interface RedisWorldOptions {
  readonly settings?: readonly string[];
  /** Of the URL: login with `@`, and path. */
  readonly login?: string;
  readonly path?: string;
  /** The gateway connects to Redis itself, and not through the door. */
  readonly direct?: boolean;
}

export const LOGIN = 'gateway:right-SECRET';

export class RedisWorld {
  readonly redis: TestRedis;
  /** Another one, as empty. */
  readonly other: TestRedis;
  readonly door: Door;
  /** A connection that is nobody's concern. */
  readonly admin: Redis;
  readonly gateway: TestGateway;
  #before = 0;

  private constructor(parts: Pick<RedisWorld, 'redis' | 'other' | 'door' | 'admin' | 'gateway'>) {
    this.redis = parts.redis;
    this.other = parts.other;
    this.door = parts.door;
    this.admin = parts.admin;
    this.gateway = parts.gateway;
  }

  static async start(options: RedisWorldOptions = {}): Promise<RedisWorld> {
    const { settings = [], login = `${LOGIN}@`, path = '', direct = false } = options;
    const redis = await startRedis(['--enable-debug-command', 'yes', ...settings]);
    const other = await startRedis(['--databases', '4']);
    const door = await openDoor(redis.port);
    const admin = new Redis(redis.url, { retryStrategy: () => 20 });
    admin.on('error', () => {});
    for (const one of [redis, other]) await allow(one);
    const port = direct ? redis.port : door.port;
    const env = {
      REDIS_URL: `redis://${login}127.0.0.1:${port}${path}`,
      VERIFY_RATE: '0',
      RATE_WINDOW_MS: '1000',
    };
    const gateway = await startTestGateway({ env });
    const world = new RedisWorld({ redis, other, door, admin, gateway });
    await world.becomes({ status: 'ready', redis: 'up' });
    // On a busy machine the start itself may have taken too long for some connection: that is over, and said to be.
    await eventually(() => world.#states.length % 2, 0);
    world.#before = world.#states.length;
    return world;
  }

  async end(): Promise<void> {
    this.redis.thaw();
    await this.gateway.stop();
    this.admin.disconnect();
    await Promise.all([this.redis.kill(), this.other.kill(), this.door[Symbol.asyncDispose]()]);
  }

  async becomes(state: Record<string, unknown>): Promise<void> {
    const readiness = async () => (await fetch(`${this.gateway.url}/readyz`)).json();
    await eventually(readiness, state);
  }

  /** Requests that nobody has made before, one after the other, are answered; and the process says that it lives. */
  async answers(count = 3): Promise<void> {
    for (let i = 0; i < count; i++) {
      expect((await bodyOf(await this.gateway.rerank(fresh()))).results).toHaveLength(3);
      expect((await fetch(`${this.gateway.url}/healthz`)).status).toBe(200);
    }
  }

  /** What was said of the state of Redis since the start, e.g. `full OOM`, then `up`. */
  get said(): string[] {
    return this.#states.slice(this.#before);
  }

  get #states(): string[] {
    return this.lines('redis').map(({ state, code }) => [state, code].filter(Boolean).join(' '));
  }

  lines(msg: string): Record<string, unknown>[] {
    return this.gateway.log
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter((line) => line.msg === msg);
  }

  async metric(name: string, labels?: Record<string, string>): Promise<number> {
    return metric(await this.gateway.metrics(), `gateway_${name}`, labels);
  }
}

/** Not `expect.poll`, which does not know its test where several run at the same time. */
export const eventually = async (
  read: () => unknown,
  expected: unknown,
  timeoutMs = 15_000,
): Promise<void> => {
  for (const deadline = performance.now() + timeoutMs; ; await sleep(20)) {
    const value = await read();
    try {
      expect(value).toEqual(expected);
      return;
    } catch (error) {
      if (performance.now() > deadline) throw error;
    }
  }
};

/** A user of the gateway's, with all rights. */
const allow = async (redis: TestRedis): Promise<void> => {
  const [name = '', password = ''] = LOGIN.split(':');
  await redis.tell(`ACL SETUSER ${name} on >${password} ~* &* +@all`);
};
