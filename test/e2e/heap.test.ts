import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { childEnvironment, tieToUs } from '../bench/child.ts';
import { startRedis } from '../support/redis.ts';
import type { HeapFigures } from './heap-process.ts';

const FEW = 2500;
const MANY = 7500;
const PATIENCE_MS = 120_000;

/**
 * Bytes that may stay of a request. What is kept of each for good, however small, is more than that: an object with a
 * listener or a timer takes some hundreds. The engine's own code grows a little, too.
 */
const A_REQUEST = 300;

const measure = async (env: Readonly<Record<string, string>>): Promise<HeapFigures> => {
  const path = fileURLToPath(new URL('./heap-process.ts', import.meta.url));
  const running = promisify(execFile)(
    process.execPath,
    ['--expose-gc', '--import', 'tsx', path, String(FEW), String(MANY)],
    { env: childEnvironment(env), timeout: PATIENCE_MS - 10_000, killSignal: 'SIGKILL' },
  );
  tieToUs(running.child);
  return JSON.parse((await running).stdout) as HeapFigures;
};

const expectFlat = ({ afterFew, afterMany, statuses }: HeapFigures): void => {
  expect(afterMany - afterFew, JSON.stringify(statuses)).toBeLessThan(A_REQUEST * MANY);
  // It was as mixed as it should be.
  for (const status of [0, 200, 400, 401, 404, 413, 429, 504]) expect(statuses[status]).toBeGreaterThan(0);
  expect(statuses[200]).toBeGreaterThan(MANY / 4);
};

describe('the heap after many requests of every kind is what it was after a few', () => {
  test('without Redis', { timeout: PATIENCE_MS }, async () => {
    expectFlat(await measure({}));
  });

  test('with Redis', { timeout: PATIENCE_MS }, async () => {
    const redis = await startRedis();
    try {
      expectFlat(await measure({ REDIS_URL: redis.url }));
    } finally {
      await redis.stop();
    }
  });
});
