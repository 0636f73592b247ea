/** A burst: many services that all ask at once, far more than there is room for, and who else is served meanwhile. */

import { setTimeout as sleep } from 'node:timers/promises';
import { buildGateway } from '../support/build.ts';
import { startRedis } from '../support/redis.ts';
import { quantile } from '../support/statistics.ts';
import { type Server, startServer } from './child.ts';
import { Connection } from './connection.ts';
import { printedBy } from './figures.ts';
import type { Effort } from './options.ts';
import type { HealthFigures } from './processes/health.ts';
import { bodyOf, httpRequest, MODEL } from './requests.ts';
import { gatewayEnvironment, startUpstream } from './stage.ts';
import type { Row } from './table.ts';

const SERVICES = 50;
const LIMIT = '250';
const SIZE = { documents: 4, bytes: 100 };
/** For compilers: before the burst that counts, milliseconds apart. */
const WARM_UP_CALLS = 200;
/** How long /healthz is asked, milliseconds; the burst comes after a quarter of it. */
const WATCH_MS = 4000;
const TIMEOUT_MS = 60_000;

export const BURST_NOTE =
  `burst: ${SERVICES} services ask a gateway with a limit of ${LIMIT} all at once, each question new; what does not fit into ` +
  '25 s is refused. Reference: how long it takes until all refusals are there. Gateway: the slowest of the answers of ' +
  '/healthz, which another process asks for every 5 ms: for so long its event loop stood still.';

const keyOf = (service: number): string => `bench-burst-key-${String(service).padStart(4, '0')}`;

export async function* burst({ burstCalls: calls }: Effort): AsyncGenerator<Row> {
  const main = buildGateway();
  const upstream = await startUpstream();
  const redis = await startRedis();
  try {
    for (const shared of [false, true]) {
      const { REDIS_URL: url, ...alone } = gatewayEnvironment(upstream.url, redis.url);
      const gateway = await startServer([main], {
        ...alone,
        ...(shared ? { REDIS_URL: url! } : {}),
        GATEWAY_KEYS: Array.from({ length: SERVICES }, (_, i) => `service-${i}:${keyOf(i)}`).join(','),
        MODEL_LIMITS: `${MODEL}=${LIMIT}`,
        RATE_WINDOW_MS: '60000',
        MAX_QUEUE: '100000',
      });
      try {
        yield await measure(gateway, calls, shared ? 'with Redis' : 'without Redis');
      } finally {
        await gateway.stop();
      }
    }
  } finally {
    await upstream.stop();
    await redis.stop();
  }
}

const measure = async (gateway: Server, calls: number, name: string): Promise<Row> => {
  const connections = await Promise.all(Array.from({ length: calls }, () => Connection.open(gateway.port)));
  try {
    const request = (i: number, query: string): Buffer =>
      httpRequest('/v1/rerank', keyOf(i % SERVICES), bodyOf(SIZE, query));
    for (let i = 0; i < WARM_UP_CALLS; i++) {
      // The same question, so that all but one are hits.
      await connections[i % calls]!.exchange(request(i, 'warm up'));
    }
    const watching = printedBy<HealthFigures>('health.ts', [gateway.port, WATCH_MS], {}, TIMEOUT_MS);
    await sleep(WATCH_MS / 4);
    const started = performance.now();
    const refused: number[] = [];
    let served = 0;
    const bytes = connections.map((_, i) => request(i, `burst ${i}`));
    for (const [i, connection] of connections.entries()) {
      connection.exchange(bytes[i]!).then(
        ({ status }) => {
          if (status === 429) refused.push(performance.now() - started);
          else if (status === 200) served++;
        },
        () => {},
      );
    }
    const { slowestMs, count } = await watching;
    if (served === 0 || refused.length === 0 || count === 0) throw new Error('the burst was no burst');
    return {
      bench: `burst, ${name}`,
      size: `${calls} calls`,
      reference: `${refused.length} refused within ${quantile(refused, 1).toFixed(0)} ms`,
      gateway: `/healthz ${slowestMs.toFixed(0)} ms at most`,
      compared: `${served} served`,
    };
  } finally {
    for (const connection of connections) connection.close();
  }
};
