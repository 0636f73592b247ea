/** The byte store in Redis. Behind a circuit breaker: a Redis that hangs costs a few callers one time-out, not every caller one. */

import { BrokenCircuitError, CircuitState, ConsecutiveBreaker, circuitBreaker, handleAll } from 'cockatiel';
import type { Redis } from 'ioredis';
import type { ByteStore } from './redis.ts';

export interface RedisStoreOptions {
  readonly client: Pick<Redis, 'getBuffer' | 'set'>;
  /** Before every key, e.g. `rerank:`. */
  readonly prefix: string;
  /** Told about every command sent: its name, whether it worked, and the milliseconds it took. */
  readonly onCommand?: (op: string, ok: boolean, ms: number) => void;
}

/** Failures in a row after which Redis is left alone. */
const FAILURES_TO_OPEN = 3;

/** Milliseconds after which one command tries whether Redis is back. */
const PROBE_AFTER_MS = 1000;

export const redisStore = ({ client, prefix, onCommand }: RedisStoreOptions): ByteStore => {
  const breaker = circuitBreaker(handleAll, {
    breaker: new ConsecutiveBreaker(FAILURES_TO_OPEN),
    halfOpenAfter: PROBE_AFTER_MS,
  });
  const keyOf = (key: string): string => `${prefix}scores:${key}`;

  const run = async <T>(op: string, command: () => Promise<T>): Promise<T | undefined> => {
    // One command is trying whether Redis is back; the others need not wait for what it finds.
    if (breaker.state === CircuitState.HalfOpen) return undefined;
    const started = performance.now();
    try {
      const result = await breaker.execute(command);
      onCommand?.(op, true, performance.now() - started);
      return result;
    } catch (thrown) {
      if (!(thrown instanceof BrokenCircuitError)) onCommand?.(op, false, performance.now() - started);
      return undefined;
    }
  };

  return {
    async get(key) {
      return (await run('get', () => client.getBuffer(keyOf(key)))) ?? undefined;
    },
    async set(key, value, ttlMs) {
      await run('set', () => client.set(keyOf(key), value, 'PX', Math.ceil(ttlMs)));
    },
  };
};
