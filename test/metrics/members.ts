/** A small fleet of publishers in one process, with short times and a real Redis. */

import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { familiesOf } from '../../src/metrics/families.ts';
import { FleetMetrics } from '../../src/metrics/fleet.ts';
import { Commands } from '../../src/redis/commands.ts';
import { until } from '../support/fakes.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';

export const BEAT_MS = 40;
export const FRESH_MS = 400;

export interface MemberOptions {
  readonly prefix?: string;
  readonly beatMs?: number;
  /** Whether it starts with a connection. Default true. */
  readonly awaited?: boolean;
}

/** A process of a fleet: a counter, and what it publishes of it. */
export class Member {
  readonly metrics: FleetMetrics;
  readonly client: Redis;
  readonly registry = new Registry();
  count = 0;
  skipped = 0;
  silences = 0;

  private constructor(client: Redis, dyno: string, { prefix = 'test:', beatMs = BEAT_MS }: MemberOptions) {
    this.client = client;
    this.metrics = new FleetMetrics({
      commands: new Commands({
        client,
        onCommand: (_, failure) => {
          if (failure?.kind === 'outage') this.silences++;
        },
      }),
      prefix,
      dyno,
      own: () => familiesOf(this.#read()),
      onSkipped: (count) => {
        this.skipped += count;
      },
      heartbeatMs: beatMs,
      freshMs: FRESH_MS,
    });
  }

  readonly #served = new Counter({ name: 'served_total', help: 'Served.', registers: [this.registry] });
  readonly #depth = new Gauge({ name: 'depth', help: 'Deep.', registers: [this.registry] });
  readonly #wait = new Histogram({
    name: 'wait_seconds',
    help: 'Waited.',
    labelNames: ['model'],
    buckets: [0.1, 1],
    registers: [this.registry],
  });

  #read(): Registry {
    this.#served.reset();
    this.#served.inc(this.count);
    this.#depth.set(this.count);
    this.#wait.reset();
    for (let i = 0; i < Math.min(2, this.count); i++) this.#wait.observe({ model: 'a "b"\\' }, 3 * i);
    return this.registry;
  }

  static async start(url: string, dyno: string, options: MemberOptions = {}): Promise<Member> {
    const client = new Redis(url, {
      commandTimeout: 250,
      enableOfflineQueue: false,
      retryStrategy: () => 20,
    });
    client.on('error', () => {});
    if (options.awaited ?? true) await until(() => client.status === 'ready');
    return new Member(client, dyno, options);
  }

  /** One more request served. */
  serve(): void {
    this.count++;
    this.metrics.serving();
  }

  /** Time for so many heartbeats. */
  beats(count: number): Promise<void> {
    return sleep(count * BEAT_MS);
  }

  /** Each dyno's count as this one tells it. */
  async tell(): Promise<Record<string, number>> {
    const text = await this.metrics.render();
    const samples = text.matchAll(/^served_total\{dyno="(.*)"\} (\d+)$/gm);
    return Object.fromEntries([...samples].map(([, dyno, count]) => [dyno, Number(count)]));
  }

  /** As a process that drains: its last words, and silence. */
  async stop(): Promise<void> {
    await this.metrics.stop();
    this.client.disconnect();
  }

  /** As a process that is killed: nothing is said any more. */
  kill(): void {
    this.client.disconnect();
  }
}

/** The members that a test starts, on a Redis of its own. */
export class Fleet {
  readonly redis: TestRedis;
  readonly #members: Member[] = [];

  private constructor(redis: TestRedis) {
    this.redis = redis;
  }

  static async start(): Promise<Fleet> {
    return new Fleet(await startRedis());
  }

  async add(dyno: string, options?: MemberOptions): Promise<Member> {
    const member = await Member.start(this.redis.url, dyno, options);
    this.#members.push(member);
    return member;
  }

  async stop(): Promise<void> {
    this.redis.thaw();
    await Promise.all(this.#members.map((member) => member.stop()));
    await this.redis.kill();
  }
}
