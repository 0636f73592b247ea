import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { startTestGateway } from '../support/gateway.ts';
import { startRedis } from '../support/redis.ts';
import { readText } from './manifest.ts';

const OPERATIONS = readText('deploy/README.md');

/** The rows of the table of plans, as numbers. */
const PLANS = [
  ...OPERATIONS.matchAll(/^\| `[\w-]+` \| (\d+) MB \| (\d+) \| (\d+) \| ([\d.]+) million \|$/gm),
].map(
  ([, ...cells]) => cells.map(Number) as [memory: number, connections: number, dynos: number, pairs: number],
);

const CONNECTIONS_PER_DYNO = 3;

test('a gateway takes as many connections of Redis as the table of plans reckons with', async () => {
  const redis = await startRedis();
  const gateway = await startTestGateway({ env: { REDIS_URL: redis.url } });
  const observer = new Redis(redis.url);
  try {
    await gateway.rerank({ model: 'cohere-rerank-3-5', query: 'q', documents: ['d'] });
    await gateway.metrics();
    const clients = ((await observer.client('LIST')) as string).trim().split('\n');
    expect(clients.length - 1).toBe(CONNECTIONS_PER_DYNO);
  } finally {
    observer.disconnect();
    await gateway.stop();
    await redis.stop();
  }
});

test('the table of plans follows from that, and from the bytes of a pair that it names', () => {
  const bytes = Number(/cached pairs, at (\d+) bytes each/.exec(OPERATIONS)?.[1]);
  expect(PLANS).toHaveLength(4);
  for (const [memory, connections, dynos, pairs] of PLANS) {
    // Old and new dynos overlap in a release.
    expect(dynos).toBe(Math.floor(connections / (2 * CONNECTIONS_PER_DYNO)));
    expect(pairs).toBe(Math.floor((10 * memory) / bytes) / 10);
  }
});
