import fc from 'fast-check';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { assemble } from '../../src/assembly.ts';
import { parseConfig } from '../../src/config/config.ts';
import { addressOf } from '../../src/redis/client.ts';
import { DEV, type Env, LIVE } from './environments.ts';
import { TABLE } from './values.ts';

/** Environments that are likely to be accepted: any good value of a few variables, and now and then a bad one. */
const anyEnvironment = fc
  .tuple(
    fc.constantFrom<Env>(DEV, LIVE, { ...LIVE, ...DEV }),
    fc.array(
      fc
        .constantFrom(...TABLE)
        .chain(([variable, good, bad]) =>
          fc.tuple(
            fc.constant(variable),
            fc.oneof(
              { weight: 9, arbitrary: fc.constantFrom(...good) },
              { weight: 1, arbitrary: fc.constantFrom(...bad) },
            ),
          ),
        ),
      { maxLength: 6 },
    ),
  )
  .map(([base, values]): Env => ({ ...base, ...Object.fromEntries(values) }));

test('a gateway can be put together from every environment that is accepted', async () => {
  let accepted = 0;
  await fc.assert(
    fc.asyncProperty(anyEnvironment, async (env) => {
      const result = parseConfig(env);
      if (!result.ok) return;
      accepted++;
      const { redis, ...config } = result.config;
      if (redis) expect(() => new Redis({ ...addressOf(redis.url), lazyConnect: true })).not.toThrow();
      const gateway = await assemble({
        // Hosts that nobody has would be waited for.
        config: { ...config, redis: undefined },
        log: pino({ level: 'silent' }),
        version: 'test',
        draining: () => false,
        unkind: undefined,
        linesDropped: () => 0,
      });
      expect((await gateway.app.request('/readyz')).status).toBe(200);
      await gateway.close();
    }),
    { numRuns: 300 },
  );
  expect(accepted).toBeGreaterThan(100);
});

test('the largest configuration that is accepted can be put together', async () => {
  const list = (count: number, entry: (i: number) => string): string =>
    Array.from({ length: count }, (_, i) => entry(i)).join();
  const aliases = Array.from({ length: 10 }, (_, i) => `A${i}`);
  const result = parseConfig({
    UPSTREAMS: aliases.join(),
    ...Object.fromEntries(
      aliases.flatMap((alias) => [
        [`${alias}_URL`, `https://${alias}.example.com`],
        [`${alias}_KEY`, `key-of-${alias}`],
      ]),
    ),
    MODEL_LIMITS: list(10, (i) => `model-${i}=1000000`),
    GATEWAY_KEYS: list(
      500,
      (i) => `client-${i}:0123456789abcdef-${i};rpm=1000000;weight=${i % 2 ? 0.001 : 1000}`,
    ),
  });
  if (!result.ok) throw new Error(JSON.stringify(result.problems.slice(0, 3)));
  const { app, close } = await assemble({
    config: result.config,
    log: pino({ level: 'silent' }),
    version: 'test',
    draining: () => false,
    unkind: undefined,
    linesDropped: () => 0,
  });
  expect((await app.request('/readyz')).status).toBe(200);
  await close();
});
