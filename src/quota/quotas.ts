/** The quotas of the clients that have one. */

import type { Commands } from '../redis/commands.ts';
import { Quota, type QuotaState } from './quota.ts';
import { redisCalls } from './redis-calls.ts';

/** A place in a client's quota, held for one call. */
export interface Charge {
  /**
   * The call is over. However often it was sent, it counts once.
   * @param called false: it was never sent, so nothing is charged
   */
  settle(called: boolean): void;
}

/** A quota without a free place. */
export interface Exhausted {
  /** Milliseconds until a place is free. */
  readonly retryInMs: number;
  /** Calls in any window, and its length. */
  readonly calls: number;
  readonly windowMs: number;
}

export interface Quotas {
  /** Takes a place. Undefined for a client without a quota. Never rejects. */
  take(client: string): Promise<Charge | Exhausted | undefined>;
}

export interface ClientQuotas extends Quotas {
  /** What this process knows of a client's quota, without a call to Redis; undefined for a client without one. */
  stateOf(client: string): QuotaState | undefined;
}

export interface QuotasOptions {
  readonly clients: readonly { readonly name: string; readonly rpm: number | undefined }[];
  /** Length of the windows, and the longest that a request may take, milliseconds. */
  readonly windowMs: number;
  readonly maxWaitMs: number;
  /** Where processes share their counts; undefined: this process counts alone. */
  readonly redis: Commands | undefined;
  /** Before every key in Redis. */
  readonly prefix: string;
}

export const createQuotas = (options: QuotasOptions): ClientQuotas => {
  const { clients, windowMs, maxWaitMs, redis, prefix } = options;
  const leaseMs = maxWaitMs + windowMs;
  const shared = redis && redisCalls({ commands: redis, prefix });
  const quotas = new Map(
    clients.flatMap(({ name, rpm: limit }) =>
      limit === undefined
        ? []
        : [[name, new Quota({ name, rules: { limit, windowMs, leaseMs }, shared })] as const],
    ),
  );
  return {
    async take(client) {
      const taken = await quotas.get(client)?.take();
      if (taken === undefined || 'settle' in taken) return taken;
      const { limit: calls, windowMs } = quotas.get(client)!.state();
      return { ...taken, calls, windowMs };
    },
    stateOf: (client) => quotas.get(client)?.state(),
  };
};
