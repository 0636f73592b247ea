/** What Redis holds is input: values that nobody of ours wrote, in every key and on every channel that we use. */

import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { seededRandom } from '../../src/simulator/random.ts';
import { until } from '../support/fakes.ts';
import { type FleetBed, startFleetBed, throttled } from '../support/fleet-bed.ts';
import { COHERE, KEYS, metric } from '../support/gateway.ts';
import { ask } from '../support/load.ts';
import { objections } from '../support/promtool.ts';
import { mostInAnyWindow } from '../support/sliding.ts';

const LIMIT = 40;
const WINDOW_MS = 2000;
const MAX_WAIT_MS = 4000;

let bed: FleetBed;
let redis: Redis;
beforeAll(async () => {
  bed = await startFleetBed({
    processes: 2,
    limit: LIMIT,
    windowMs: WINDOW_MS,
    latencyMs: [5, 100],
    env: {
      MAX_WAIT_MS: String(MAX_WAIT_MS),
      GATEWAY_KEYS: `search:${KEYS.search};rpm=100000,chatbot:${KEYS.chatbot};weight=3;admin`,
    },
  });
  redis = new Redis(bed.redis.url);
});
afterAll(async () => {
  redis.disconnect();
  await bed.stop();
});

const WORDS = [
  '',
  'x',
  '-5',
  '0',
  'nan',
  'inf',
  '-inf',
  '1e300',
  '-1e300',
  '9007199254740993',
  '1e-320',
  '0x10',
  ' ',
  ':',
  ';',
  'one 1 5 2 1000:100 3:1000',
  'one 1e9 999999999 1e9 1:1e300 -9:9',
  '99999999999999999999',
  '\u0000',
  '\uffff\ud83d',
  'y'.repeat(100_000),
];

/** Another value at a place of a key; now and then one of another type. */
const spoil = async (key: string, random: () => number): Promise<void> => {
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)]!;
  const type = await redis.type(key);
  const word = pick(WORDS);
  const other = [
    () => redis.set(key, word),
    () => redis.hset(key, pick(WORDS), word),
    () => redis.zadd(key, pick(['1', '9e15', '-1']), word),
    () => redis.lpush(key, word),
    () => redis.sadd(key, word),
  ];
  if (random() < 0.25) {
    await redis.del(key);
    await pick(other)();
  } else if (type === 'hash' && random() < 0.1) {
    await redis.hset(
      key,
      Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`${i}`, word.slice(0, 99)])),
    );
  } else if (type === 'hash') {
    const field = random() < 0.7 ? pick([...(await redis.hkeys(key)), 'now']) : pick(WORDS);
    await redis.hset(key, field, word);
  } else if (type === 'zset') {
    const members = await redis.zrange(key, '0', '-1');
    const score = pick(['0', '-1', '9e15', '1e300', 'inf', String(Date.now() * 10_000)]);
    await redis.zadd(key, score, random() < 0.5 && members.length > 0 ? pick(members) : word);
  } else if (type === 'string') {
    await redis.set(key, word, 'PX', 60_000);
  }
};

const TOPICS = [
  'claims',
  'over',
  'refused',
  'generation',
  'model',
  'models',
  'drift',
  `reservation:${COHERE}`,
  'x',
  '',
];

/** The words of claims that are under way, which have not ended. */
const openClaims = async (): Promise<string[]> => {
  const keys = await redis.keys('*claims*');
  return (await Promise.all(keys.map((key) => redis.hkeys(key).catch(() => [])))).flat();
};

/** One look at everything that is there, with something foreign put into each of it. */
const round = async (random: () => number): Promise<void> => {
  for (const key of await redis.keys('*')) await spoil(key, random).catch(() => {});
  for (const channel of (await redis.pubsub('CHANNELS', '*')) as string[]) {
    for (const topic of TOPICS) {
      const word = WORDS[Math.floor(random() * WORDS.length)]!;
      await redis.publish(channel, `${topic} ${word}`);
      await redis.publish(channel, `${topic} ${COHERE} ${word}=${word}`);
    }
    for (const claim of await openClaims()) await redis.publish(channel, `over ${claim.slice(0, 99)}`);
    await redis.publish(channel, `claims ${'x '.repeat(500_000)}`);
  }
};

describe('with foreign values in every key and on every channel', () => {
  test.each([1, 2, 3])(
    'all are answered, the limit holds, and all is well again within a window (%i)',
    async (seed) => {
      const random = seededRandom(seed);
      const from = bed.simulator.calls.length;
      let going = true;
      const statuses: number[] = [];
      const caller = async (i: number): Promise<void> => {
        while (going) {
          const key = i % 2 ? KEYS.search : KEYS.chatbot;
          const query = `question ${Math.floor(random() * 40)}`;
          const documents = [`one ${Math.floor(random() * 5)}`, `two ${Math.floor(random() * 5)}`];
          const { status } = await ask(bed.urls()[i % 2]!, { key, model: COHERE, query, documents });
          statuses.push(status);
          if (status !== 200) await new Promise((resolve) => setTimeout(resolve, 50));
        }
      };
      /** How often a process said that it lives: one whose loop stands still does not. */
      let beats = 0;
      const watcher = async (): Promise<void> => {
        while (going) {
          for (const url of bed.urls()) {
            expect((await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(5000) })).status).toBe(200);
          }
          beats++;
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
      };
      const running = Promise.all([...Array.from({ length: 16 }, (_, i) => caller(i)), watcher()]);
      running.catch(() => {});
      for (let i = 0; i < 12; i++) {
        await round(random);
        await new Promise((resolve) => setTimeout(resolve, 150 * random()));
      }
      going = false;
      await running;

      expect(beats).toBeGreaterThan(5);
      expect(statuses.filter((status) => ![200, 429, 503, 504].includes(status))).toEqual([]);
      expect(statuses.filter((status) => status === 200).length).toBeGreaterThan(0);
      const calls = bed.simulator.calls.slice(from);
      expect(
        mostInAnyWindow(
          calls.map(({ at }) => at),
          WINDOW_MS,
        ),
      ).toBeLessThanOrEqual(LIMIT);
      expect(throttled(bed.simulator)).toBe(0);

      // Well again: one window and the time that calls may take later at most, the shared window is in force everywhere.
      await until(async () => {
        for (const url of bed.urls()) {
          const text = await (await fetch(`${url}/metrics`)).text();
          if (metric(text, 'gateway_pacing_alone') > 0) return false;
          if (((await (await fetch(`${url}/readyz`)).json()) as { status: string }).status !== 'ready')
            return false;
          const { status } = await ask(url, { key: KEYS.search, model: COHERE, wait: 4 });
          if (status !== 200) return false;
        }
        return true;
      });
      expect(objections(await (await fetch(`${bed.urls()[0]}/metrics`)).text())).toBe('');
      for (const { log, child } of bed.gateways) {
        expect(child.exitCode).toBeNull();
        expect(log.filter((line) => line.includes('"error":"internal"'))).toEqual([]);
      }
    },
  );
});
