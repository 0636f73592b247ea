/** Whether the process lives, and whether it should be sent requests. */

import type { Handler } from 'hono';

export interface Readiness {
  readonly draining: boolean;
  /** Undefined without Redis. */
  readonly redis: 'up' | 'down' | undefined;
  /** The budget is shared with other processes whose calls cannot be seen. */
  readonly alone?: boolean;
  /** What Redis, or the system, calls what is wrong; undefined when all is well. */
  readonly reason?: string | undefined;
}

export const live: Handler = (c) => c.json({ status: 'ok' });

/**
 * Without Redis the gateway still serves, only with less memory and its share of the limit: degraded, not unready. One
 * that answers may still not be all that it should be: a replica, one that is full, or one that lets nobody listen.
 */
export const ready =
  (readiness: () => Readiness): Handler =>
  (c) => {
    const { draining, redis, alone, reason } = readiness();
    if (draining) return c.json({ status: 'draining' }, 503, { 'Retry-After': '1' });
    const lost = redis === 'down';
    return c.json({
      status: lost || alone || reason !== undefined ? 'degraded' : 'ready',
      ...(redis ? { redis } : {}),
      // Of a Redis that is gone, it follows.
      ...(alone && !lost ? { pacing: 'alone' } : {}),
      ...(reason === undefined ? {} : { reason }),
    });
  };
