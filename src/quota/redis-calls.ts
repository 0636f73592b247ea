/**
 * The calls of all processes that count against a client's quota: a sorted set per client, each call with the time at which
 * its place comes free. Atomic in Redis and by Redis' own clock, in milliseconds.
 *
 * Not `rate-limiter-flexible`: it counts in fixed windows, which allow twice the quota around their boundary; its windows
 * are whole seconds, and a shorter one leaves a key without expiry; and a place given back after the end of its window is
 * deducted from the next one.
 */

import type { Commands } from '../redis/commands.ts';
import { versioned } from '../redis/keys.ts';
import type { QuotaRules, SharedCalls, SharedUsage } from './quota.ts';

export interface RedisCallsOptions {
  readonly commands: Commands;
  /** Before every key, e.g. `rerank:`. */
  readonly prefix: string;
}

/** Longer than any call takes, its wait included, milliseconds. */
const LONGEST_CALL_MS = 90_000;

/** ARGV of both scripts: id, window, lease; then the limit, or whether a call was made. */
const PRELUDE = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local key, id, window, lease = KEYS[1], ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local function hold(ms)
  redis.call('ZADD', key, now + ms, id)
  redis.call('PEXPIRE', key, lease)
end
local found = redis.call('TYPE', key).ok
if found ~= 'zset' and found ~= 'none' then redis.call('DEL', key) end
redis.call('ZREMRANGEBYSCORE', key, '-inf', now)
-- Entries further ahead come from a clock that was set back since, or from another program: no place is held for so long,
-- whatever wait is configured in other apps that share the prefix.
redis.call('ZREMRANGEBYSCORE', key, '(' .. now + math.max(lease, window + ${LONGEST_CALL_MS}), '+inf')
`;

// The place of a call under way comes free a window after its end, whatever its lease says.
const REPLY = `
local first = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')[2]
return { taken, redis.call('ZCARD', key), first and math.min(tonumber(first) - now, window) or window }
`;

const TAKE = `${PRELUDE}
local taken = 0
if redis.call('ZCARD', key) < tonumber(ARGV[4]) then
  taken = 1
  hold(lease)
end
${REPLY}`;

// Added even if the entry is gone: the call was made, and Redis may have been emptied since. The extra millisecond makes up
// for rounding.
const SETTLE = `${PRELUDE}
local taken = 0
if ARGV[4] == '1' then hold(window + 1) else redis.call('ZREM', key, id) end
${REPLY}`;

export const redisCalls = ({ commands, prefix }: RedisCallsOptions): SharedCalls => {
  const takeScript = commands.script('quotaTake', 1, TAKE);
  const settleScript = commands.script('quotaSettle', 1, SETTLE);

  const run = async (command: () => Promise<unknown>): Promise<SharedUsage | undefined> => {
    const reply = await commands.attempt('quota', command);
    if (reply === undefined) return undefined;
    const [taken, held, nextFreeMs] = reply as number[];
    return { taken: taken === 1, held: held!, nextFreeMs: nextFreeMs! };
  };
  const terms = (name: string, id: string, { windowMs, leaseMs }: QuotaRules): (string | number)[] => [
    `${prefix}${versioned('quota')}:${name}`,
    id,
    windowMs,
    leaseMs,
  ];

  return {
    take: (name, id, rules) => run(() => takeScript.text(...terms(name, id, rules), rules.limit)),
    settle: (name, id, called, rules) =>
      run(() => settleScript.text(...terms(name, id, rules), called ? 1 : 0)),
  };
};
