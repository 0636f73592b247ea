/** Appointments in Redis, so that a caller may come back to any process. */

import type { Commands } from '../../redis/commands.ts';
import { versioned } from '../../redis/keys.ts';
import type { AppointmentStore } from './appointments.ts';

export interface RedisAppointmentsOptions {
  /** Not the connection on which places are decided about: those who wait must not wait for those who are refused. */
  readonly commands: Commands;
  /** Before every key, e.g. `rerank:`. */
  readonly prefix: string;
  readonly model: string;
  /** False: Redis is not to be asked, since it would not answer. */
  readonly reachable: () => boolean;
}

/** No appointment lasts longer, milliseconds. */
const LONGEST_MS = 90_000;

/**
 * KEYS: appointments, whose values are the milliseconds for which they can be kept; their expiry is the end of them.
 * Reply: for each, 0 when it was due and is taken now, the milliseconds until it is, or -1 without one. What none of ours
 * could be goes.
 */
const TAKE = `
local reply = {}
for i, key in ipairs(KEYS) do
  local left, text = redis.call('PTTL', key), redis.pcall('GETRANGE', key, 0, 15)
  local late = type(text) == 'string' and string.match(text, '^%d+$') and tonumber(text)
  if left < 0 or left > ${LONGEST_MS} or not late or late > ${LONGEST_MS} then
    redis.call('UNLINK', key)
    reply[i] = -1
  elseif left > late then reply[i] = left - late
  else
    redis.call('DEL', key)
    reply[i] = 0
  end
end
return reply
`;

/** Callers that one command asks for, and how many may wait for it; of more, it is not known whether they have one. */
const AT_ONCE = 32;
const MOST_WAITING = 1000;

/** How its commands are counted. */
const OP = 'appointment';

type Taken = 'due' | number | undefined;

export const redisAppointments = (options: RedisAppointmentsOptions): AppointmentStore => {
  const { commands, prefix, model, reachable } = options;
  const { client } = commands;
  const takeScript = commands.script('appointmentsTake', undefined, TAKE);
  const nameOf = (key: string): string => `${prefix}{${versioned('appointment')}:${model}}:${key}`;
  // What Redis does not take is promised in this process alone.
  const tell = (command: () => Promise<unknown>): void => {
    if (reachable()) void commands.attempt(OP, command);
  };
  const takeAll = async (keys: readonly string[]): Promise<Taken[]> => {
    if (!reachable()) return [];
    const replies = await commands.attempt(OP, () => takeScript.text(keys.length, ...keys.map(nameOf)));
    return ((replies ?? []) as number[]).map((left) => (left === 0 ? 'due' : left > 0 ? left : undefined));
  };
  const taking = new Batches(takeAll);
  return {
    put: (key, lifeMs, lateMs) => {
      tell(() => client.set(nameOf(key), Math.floor(lateMs), 'PX', Math.ceil(lifeMs)));
    },
    drop: (key) => {
      tell(() => client.del(nameOf(key)));
    },
    take: (key) => taking.take(key),
  };
};

/** One command at a time, for all who have come while the last one was under way: their number does not grow with them. */
class Batches {
  readonly #takeAll: (keys: readonly string[]) => Promise<readonly Taken[]>;
  readonly #waiting: { readonly key: string; readonly resolve: (taken: Taken) => void }[] = [];
  #running = false;

  /** @param takeAll never rejects */
  constructor(takeAll: (keys: readonly string[]) => Promise<readonly Taken[]>) {
    this.#takeAll = takeAll;
  }

  take(key: string): Promise<Taken> {
    if (this.#waiting.length >= MOST_WAITING) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      this.#waiting.push({ key, resolve });
      void this.#run();
    });
  }

  async #run(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    // Whoever else is refused in the same moment.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, AT_ONCE);
      const taken = await this.#takeAll(batch.map(({ key }) => key));
      for (const [i, { resolve }] of batch.entries()) resolve(taken[i]);
    }
    this.#running = false;
  }
}
