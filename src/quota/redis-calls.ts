/**
 * The calls of all processes that count against a client's quota: a sorted set per client, each call with the moment
 * its place comes free. Atomic in Redis and by Redis' own clock, in milliseconds.
 *
 * Not `rate-limiter-flexible`: it counts in fixed windows, which lets through twice the quota around their boundary;
 * its windows are whole seconds, and a shorter one leaves a key without expiry; and a place given back after its
 * window has ended is taken off the next one.
 */

import { BrokenCircuitError, ConsecutiveBreaker, circuitBreaker, handleAll } from 'cockatiel';
import type { Redis } from 'ioredis';
import type { QuotaRules, SharedCalls, SharedUsage } from './quota.ts';

export interface RedisCallsOptions {
  readonly client: Redis;
  /** Before every key, e.g. `rerank:`. */
  readonly prefix: string;
  /** Told about every command sent: its name, whether it worked, and the milliseconds it took. */
  readonly onCommand?: (op: string, ok: boolean, ms: number) => void;
}

/** ARGV of both scripts: id, window, lease; then the limit, or whether a call was made. */
const PRELUDE = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local key, id, window, lease = KEYS[1], ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local function hold(ms)
  redis.call('ZADD', key, now + ms, id)
  redis.call('PEXPIRE', key, lease)
end
redis.call('ZREMRANGEBYSCORE', key, '-inf', now)
`;

// A place of a call that is under way comes free a window after its end, whatever its lease says.
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

// Entered even if it is gone: the call was made, and Redis may have forgotten it since. The millisecond makes up for
// the one that rounding may have cost.
const SETTLE = `${PRELUDE}
local taken = 0
if ARGV[4] == '1' then hold(window + 1) else redis.call('ZREM', key, id) end
${REPLY}`;

/** Failures in a row after which Redis is left alone. */
const FAILURES_TO_OPEN = 3;

/** Milliseconds after which one command tries whether Redis is back. */
const PROBE_AFTER_MS = 1000;

export const redisCalls = ({ client, prefix, onCommand }: RedisCallsOptions): SharedCalls => {
  const breaker = circuitBreaker(handleAll, {
    breaker: new ConsecutiveBreaker(FAILURES_TO_OPEN),
    halfOpenAfter: PROBE_AFTER_MS,
  });
  const take = define(client, 'quotaTake', TAKE);
  const settle = define(client, 'quotaSettle', SETTLE);

  const run = async (command: () => Promise<number[]>): Promise<SharedUsage | undefined> => {
    const started = performance.now();
    try {
      const [taken, held, nextFreeMs] = await breaker.execute(command);
      onCommand?.('quota', true, performance.now() - started);
      return { taken: taken === 1, held: held!, nextFreeMs: nextFreeMs! };
    } catch (thrown) {
      if (!(thrown instanceof BrokenCircuitError)) onCommand?.('quota', false, performance.now() - started);
      return undefined;
    }
  };
  const terms = (name: string, id: string, { windowMs, leaseMs }: QuotaRules): (string | number)[] => [
    `${prefix}quota:${name}`,
    id,
    windowMs,
    leaseMs,
  ];

  return {
    take: (name, id, rules) => run(() => take(...terms(name, id, rules), rules.limit)),
    settle: (name, id, called, rules) => run(() => settle(...terms(name, id, rules), called ? 1 : 0)),
  };
};

type Command = (...args: (string | number)[]) => Promise<number[]>;

const define = (client: Redis, name: string, lua: string): Command => {
  const commands = client as unknown as Record<string, Command>;
  if (commands[name] === undefined) client.defineCommand(name, { numberOfKeys: 1, lua });
  return (...args) => commands[name]!.call(client, ...args);
};
