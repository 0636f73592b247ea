/** Whether the process lives, and whether it should be sent requests. */

import type { Handler } from 'hono';

export interface Readiness {
  readonly draining: boolean;
  /** Undefined without Redis. */
  readonly redis: 'up' | 'down' | undefined;
}

export const live: Handler = (c) => c.json({ status: 'ok' });

/** Without Redis the gateway still serves, only with less memory: degraded, not unready. */
export const ready =
  (readiness: () => Readiness): Handler =>
  (c) => {
    const { draining, redis } = readiness();
    if (draining) return c.json({ status: 'draining' }, 503, { 'Retry-After': '1' });
    return c.json({ status: redis === 'down' ? 'degraded' : 'ready', ...(redis ? { redis } : {}) });
  };
