/** Liveness and readiness: whether the process runs, and whether it should get requests. */

import type { Handler } from 'hono';

export interface Readiness {
  readonly draining: boolean;
  /** Undefined without Redis. */
  readonly redis: 'up' | 'down' | undefined;
  /** The upstream's limit is shared with other processes whose calls cannot be seen. */
  readonly alone?: boolean;
  /** The failure's code, from Redis or the system; undefined when all is well. */
  readonly reason?: string | undefined;
}

/** The rooms of a gateway, as far as its readiness depends on them. */
export interface Rooms {
  /** Undefined without Redis. */
  readonly redis:
    | { readonly health: { readonly up: boolean; readonly failure: Coded | undefined } }
    | undefined;
  readonly pacers: { readonly alone: Coded | undefined };
  readonly draining: () => boolean;
}

interface Coded {
  readonly code: string;
}

export const readinessOf =
  ({ redis, pacers, draining }: Rooms) =>
  (): Readiness & { readonly alone: boolean } => ({
    draining: draining(),
    redis: redis && (redis.health.up ? 'up' : 'down'),
    alone: pacers.alone !== undefined,
    reason: (redis?.health.failure ?? pacers.alone)?.code,
  });

export const live: Handler = (c) => c.json({ status: 'ok' });

/**
 * Without Redis the gateway still serves, only with its own cache and its share of the limit: degraded, not unready. A Redis
 * that answers may be degraded, too: a replica, one that is full, or one that refuses subscriptions.
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
      // Omitted when Redis is down, since that implies it.
      ...(alone && !lost ? { pacing: 'alone' } : {}),
      ...(reason === undefined ? {} : { reason }),
    });
  };
