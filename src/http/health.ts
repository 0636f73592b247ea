/** Whether the process lives, and whether it should be sent requests. */

import type { Handler } from 'hono';

export interface Readiness {
  readonly draining: boolean;
  /** Undefined without Redis. */
  readonly redis: 'up' | 'down' | undefined;
  /** The budget is shared with other processes whose calls cannot be seen. */
  readonly alone?: boolean;
}

export const live: Handler = (c) => c.json({ status: 'ok' });

/**
 * Without Redis the gateway still serves, only with less memory and its share of the limit: degraded, not unready. One
 * that answers may still not be what the limit can be shared by: a replica, or one that is full.
 */
export const ready =
  (readiness: () => Readiness): Handler =>
  (c) => {
    const { draining, redis, alone } = readiness();
    if (draining) return c.json({ status: 'draining' }, 503, { 'Retry-After': '1' });
    const lost = redis === 'down';
    return c.json({
      status: lost || alone ? 'degraded' : 'ready',
      ...(redis ? { redis } : {}),
      // Of a Redis that is gone, it follows.
      ...(alone && !lost ? { pacing: 'alone' } : {}),
    });
  };
