/** Pairs: what a cached (query, document) pair takes in each tier of a real gateway, whatever way it keeps them. */

import { startRedis } from '../support/redis.ts';
import { printedBy } from './figures.ts';
import type { Effort } from './options.ts';
import type { PairFigures } from './processes/pairs.ts';
import { SIZES } from './sizes.ts';
import { GATEWAY_KEY, gatewayEnvironment, startUpstream } from './stage.ts';
import type { Row } from './table.ts';

const TIMEOUT_MS = 120_000;
const METRICS_TOKEN = 'bench-metrics-token-001';

/** What nobody can do without. */
const SCORE_BYTES = 8;

export async function* pairs({ cachedPairs }: Effort): AsyncGenerator<Row> {
  for (const { documents } of SIZES) {
    const questions = Math.ceil(cachedPairs / documents);
    const { heap, counted, redis, keys } = await measure(questions, documents);
    const each = (bytes: number): number => bytes / (questions * documents);
    const row = (tier: string, taken: number, other: number, name: string): Row => ({
      bench: `pairs, ${tier}`,
      size: `${questions.toLocaleString('en')} × ${documents}`,
      reference: `${SCORE_BYTES} B, a score alone`,
      gateway: `${each(taken).toFixed(1)} B a pair\n${each(other).toFixed(1)} B ${name}`,
      compared: `× ${(each(taken) / SCORE_BYTES).toFixed(1)}`,
    });
    yield row('memory', heap, counted, 'counted');
    yield row('redis', redis, keys, 'in keys and values');
  }
}

/** With a Redis that is empty, and as much memory as it takes. */
const measure = async (questions: number, documents: number): Promise<PairFigures> => {
  const redis = await startRedis();
  try {
    const simulator = await startUpstream();
    try {
      const env = {
        ...gatewayEnvironment(simulator.url, redis.url),
        GATEWAY_KEY,
        METRICS_TOKEN,
        PORT: '0',
        CACHE_MEMORY_MB: '1024',
      };
      return await printedBy<PairFigures>('pairs.ts', [questions, documents], env, TIMEOUT_MS);
    } finally {
      await simulator.stop();
    }
  } finally {
    await redis.stop();
  }
};
