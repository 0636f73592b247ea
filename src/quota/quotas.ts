/** The quotas of the clients that have one. */

import type { Quotas } from '../column/quota.ts';
import type { Config } from '../config/config.ts';
import type { Commands } from '../redis/commands.ts';
import { Quota, type QuotaState } from './quota.ts';
import { redisCalls } from './redis-calls.ts';

export interface ClientQuotas extends Quotas {
  /** What this process knows of a client's quota, without asking anybody; undefined for a client without one. */
  stateOf(client: string): QuotaState | undefined;
}

export interface QuotasOptions {
  readonly config: Config;
  /** Where processes share their counts; undefined: each counts alone. */
  readonly redis: Commands | undefined;
}

export const createQuotas = ({ config, redis }: QuotasOptions): ClientQuotas => {
  const windowMs = config.rateWindowMs;
  const leaseMs = config.maxWaitMs + windowMs;
  const shared = redis && config.redis && redisCalls({ commands: redis, prefix: config.redis.prefix });
  const quotas = new Map(
    config.clients.flatMap(({ name, rpm: limit }) =>
      limit === undefined
        ? []
        : [[name, new Quota({ name, rules: { limit, windowMs, leaseMs }, shared })] as const],
    ),
  );
  return {
    take: async (client) => quotas.get(client)?.take(),
    stateOf: (client) => quotas.get(client)?.state(),
  };
};
