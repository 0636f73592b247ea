/** Appointments in Redis, so that a caller may come back to any process. */

import type { Redis } from 'ioredis';
import type { AppointmentStore } from './appointments.ts';

export interface RedisAppointmentsOptions {
  readonly client: Redis;
  /** Before every key, e.g. `rerank:`. */
  readonly prefix: string;
  readonly model: string;
  /** False: Redis is not to be asked, since it would not answer. */
  readonly reachable: () => boolean;
}

/**
 * KEYS: the appointment, whose value is the milliseconds for which it can be kept; its expiry is the end of them.
 * Reply: 0 when it was due and is taken now, the milliseconds until it is due, or -1 without one.
 */
const TAKE = `
local left = redis.call('PTTL', KEYS[1])
if left < 0 then return -1 end
local late = tonumber(redis.call('GET', KEYS[1]))
if left > late then return math.ceil(left - late) end
redis.call('DEL', KEYS[1])
return 0
`;

export const redisAppointments = (options: RedisAppointmentsOptions): AppointmentStore => {
  const { client, prefix, model, reachable } = options;
  const commands = client as unknown as { appointmentTake?: (key: string) => Promise<number> };
  if (commands.appointmentTake === undefined) {
    client.defineCommand('appointmentTake', { numberOfKeys: 1, lua: TAKE });
  }
  const nameOf = (key: string): string => `${prefix}appointment:${model}:${key}`;
  // What Redis does not take is promised in this process alone.
  const tell = (command: () => Promise<unknown>): void => {
    if (reachable()) command().catch(() => {});
  };
  return {
    put: (key, lifeMs, lateMs) => {
      tell(() => client.set(nameOf(key), Math.floor(lateMs), 'PX', Math.ceil(lifeMs)));
    },
    drop: (key) => {
      tell(() => client.del(nameOf(key)));
    },
    async take(key) {
      if (!reachable()) return undefined;
      const left = await commands.appointmentTake!(nameOf(key)).catch(() => -1);
      return left === 0 ? 'due' : left > 0 ? left : undefined;
    },
  };
};
