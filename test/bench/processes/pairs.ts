/**
 * A gateway with a Redis of its own, asked questions that nobody asked before; prints what each tier took for the
 * answers. In one process with those who ask, so that its heap can be looked at. Run with --expose-gc.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { parseConfig } from '../../../src/config/config.ts';
import { startGateway } from '../../../src/server.ts';
import { metric } from '../../support/gateway.ts';
import { Connection } from '../connection.ts';
import { expecting } from '../expect.ts';
import { bodyOf, httpRequest } from '../requests.ts';
import { usage } from './usage.ts';

/** Bytes that a batch of questions took. */
export interface PairFigures {
  /** On the heap and outside of it. */
  readonly heap: number;
  /** What the memory tier believes it took. */
  readonly counted: number;
  /** `used_memory` of Redis. */
  readonly redis: number;
  /** Of its keys alone, each with its value: MEMORY USAGE. */
  readonly keys: number;
}

const CONNECTIONS = 4;
/** What a document's length is has no influence on what a cache keeps of it. */
const DOCUMENT_BYTES = 60;

const [questions = 1, documents = 1] = process.argv.slice(2).map(Number);
const { GATEWAY_KEY = '', METRICS_TOKEN = '', REDIS_URL = '' } = process.env;

const result = parseConfig(process.env);
if (!result.ok) throw new Error(JSON.stringify(result.problems));
const gateway = await startGateway({
  config: result.config,
  log: pino({ level: 'silent' }),
  version: 'bench',
});
const connections = await Promise.all(
  Array.from({ length: CONNECTIONS }, () => Connection.open(Number(new URL(gateway.url).port))),
);
const redis = new Redis(REDIS_URL);

const ask = async (batch: string): Promise<void> => {
  const isNew = expecting('fwd=miss; stored');
  const size = { documents, bytes: DOCUMENT_BYTES };
  let next = 0;
  const inTurn = async (connection: Connection): Promise<void> => {
    while (next < questions) {
      const body = bodyOf(size, `${batch} ${next++}`);
      isNew(await connection.exchange(httpRequest('/v1/rerank', GATEWAY_KEY, body)));
    }
  };
  await Promise.all(connections.map(inTurn));
};

/** An answer may be there before what it brought is written. */
const WRITTEN_MS = 500;

const SCAN_COUNT = 1000;

/** Bytes of all keys with their values, each looked at whole. */
const bytesOfKeys = async (): Promise<number> => {
  let bytes = 0;
  for await (const keys of redis.scanStream({ count: SCAN_COUNT })) {
    const asked = redis.pipeline();
    for (const key of keys as string[]) asked.memory('USAGE', key, 'SAMPLES', 0);
    for (const [, size] of (await asked.exec()) ?? []) bytes += Number(size ?? 0);
  }
  return bytes;
};

const measure = async (): Promise<PairFigures> => {
  await sleep(WRITTEN_MS);
  const keys = await bytesOfKeys();
  const used = /^used_memory:(\d+)/m.exec(await redis.info('memory'))?.[1];
  const scrape = await fetch(`${gateway.url}/metrics`, {
    headers: { authorization: `Bearer ${METRICS_TOKEN}` },
  });
  const counted = metric(await scrape.text(), 'gateway_cache_bytes');
  const { heap } = await usage();
  return { heap, counted, redis: Number(used), keys };
};

// Two batches, the second of which is measured: what engine and allocator keep in reserve has grown by then.
await ask('first');
const before = await measure();
await ask('second');
const after = await measure();
const figures = Object.fromEntries(
  Object.entries(after).map(([name, bytes]) => [name, bytes - before[name as keyof PairFigures]]),
);
process.stdout.write(`${JSON.stringify(figures)}\n`);

for (const connection of connections) connection.close();
redis.disconnect();
await gateway.drain();
