import { afterEach, beforeEach, expect, test } from 'vitest';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';
import { objections } from '../support/promtool.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { seriesOf } from './scrape.ts';

const DYNOS = ['web.1', 'web.2', 'run.7"\\'];

let redis: TestRedis;
let gateways: TestGateway[];

beforeEach(async () => {
  redis = await startRedis();
  gateways = await Promise.all(
    DYNOS.map((DYNO) => startTestGateway({ env: { DYNO, REDIS_URL: redis.url } })),
  );
});
afterEach(async () => {
  await Promise.all(gateways.map((gateway) => gateway.stop()));
  await redis.kill();
});

test('promtool accepts what a fleet answers, and every dyno tells the same', async () => {
  for (const gateway of gateways) {
    await gateway.rerank({ model: 'cohere-rerank-3-5', query: 'q', documents: ['a', 'b'] });
    await gateway.metrics();
  }
  for (const gateway of gateways) {
    const text = await gateway.metrics();
    expect(objections(text)).toBe('');
    const served = seriesOf(text).filter(
      ({ name, labels }) =>
        name === 'gateway_request_duration_seconds_count' && labels.model === 'cohere-rerank-3-5',
    );
    expect(served.map(({ labels, value }) => [labels.dyno, value]).sort()).toEqual(
      [
        ['web.1', 1],
        ['web.2', 1],
        ['run.7\\"\\\\', 1],
      ].sort(),
    );
  }
});

test('promtool would object to a family that is told twice', async () => {
  const text = await gateways[0]!.metrics();
  expect(objections(`${text}${text}`)).not.toBe('');
});
