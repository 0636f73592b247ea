/**
 * The sliding-window log as Lua, atomic in Redis and by Redis' own clock: the clocks of processes differ by seconds.
 * Times are whole microseconds, which Lua's doubles hold exactly until the year 2255.
 *
 * KEYS of every script, all with one hash tag so that they live on one node of a cluster:
 *   1 `…:burst`   sorted set: calls granted as asked, by the moment their place comes free
 *   2 `…:spaced`  sorted set: calls granted one by one
 *   3 `…:state`   hash: epoch, granted, next (spaced), pause, cold, probe, even
 *   4 `…:queue`   hash: process → when it said so, and its line (see line.ts)
 *   5 `turns`     hash, shared by all windows of a model: virtual time (`now`), and each client's tag (`of:` client)
 *
 * An epoch is the life of one such log. It is new when Redis has never heard of the window, or has forgotten it. Whoever
 * asks for a place in an epoch to which it has not told its calls is sent to do that first.
 *
 * The fair queue of fair-queue.ts, for all processes together: tags are in millionths of a call.
 */

/** A process that has not been heard of for that long is gone, microseconds. */
const PRESENCE_US = 5_000_000;

/**
 * How long a new epoch grants nothing: every process that lives tells what it has running meanwhile, so that a Redis
 * that was emptied right behind a full window does not let a call through. Three beats of a process's heart.
 * Microseconds.
 */
export const GRACE_US = 750_000;

/** Nobody gives way to a process that has not been heard of for that long, microseconds. */
const AWAKE_US = 1_000_000;

/**
 * How long an unused window is remembered, milliseconds. A window that Redis has forgotten is taken for one that was
 * lost, and starts carefully.
 */
const KEEP_MS = 7 * 24 * 3600 * 1000;

/** ARGV of every script begins with: process, window (µs). */
export const PRELUDE = `
local process, window = ARGV[1], tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local function text(number) return string.format('%.0f', number) end
-- Before all else: while Redis is full, it refuses a script whose first write takes memory, and no other.
local function sweep()
  redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', text(now))
  redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', text(now))
end
sweep()
local function field(name) return tonumber(redis.call('HGET', KEYS[3], name) or nil) end
local function set(name, value) redis.call('HSET', KEYS[3], name, text(value)) end
local function drop(...) redis.call('HDEL', KEYS[3], ...) end
local function of(kind) return kind == 's' and KEYS[2] or KEYS[1] end
local function first(key)
  local entry = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')
  return tonumber(entry[2]) or math.huge
end
local function finish(reply)
  for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, ${KEEP_MS}) end
  return reply
end
local epoch = field('epoch')
if not epoch then
  epoch = now
  set('epoch', epoch)
  set('cold', now + ${GRACE_US} + window)
end
`;

/** What waits where, and everything that tells how long it will. */
export const VIEW = `
local function say(line) redis.call('HSET', KEYS[4], process, text(now) .. ' ' .. line) end
-- The other processes, and what waits in each: in pairs; and those of them to which one gives way.
local function listen()
  local all, others, awake = redis.call('HGETALL', KEYS[4]), {}, {}
  for i = 1, #all, 2 do
    local at, line = string.match(all[i + 1], '^(%d+) (.*)$')
    local silent = now - tonumber(at)
    if silent > ${PRESENCE_US} then redis.call('HDEL', KEYS[4], all[i])
    elseif all[i] ~= process then
      others[#others + 1] = all[i]
      others[#others + 1] = line
      if silent < ${AWAKE_US} then awake[#awake + 1] = { line = line, at = tonumber(at) } end
    end
  end
  return others, awake
end
-- Virtual time, then pairs of client and tag.
local function turns()
  local reply = { redis.call('HGET', KEYS[5], 'now') or '0' }
  local all = redis.call('HGETALL', KEYS[5])
  for i = 1, #all, 2 do
    local client = string.match(all[i], '^of:(.*)$')
    if client then
      reply[#reply + 1] = client
      reply[#reply + 1] = all[i + 1]
    end
  end
  return reply
end
-- Everything there is to know: held, the others, turns; next (spaced), pause, end of the cold, end of its quiet, probe,
-- even; both sets as pairs of id and release, each ending with an empty string.
local function view(reply, held, others)
  for _, value in ipairs({ held, others, turns() }) do reply[#reply + 1] = value end
  for _, name in ipairs({ 'next', 'pause', 'cold' }) do reply[#reply + 1] = text(field(name) or 0) end
  reply[#reply + 1] = text(epoch + ${GRACE_US})
  for _, name in ipairs({ 'probe', 'even' }) do reply[#reply + 1] = text(field(name) or 0) end
  for _, key in ipairs({ KEYS[1], KEYS[2] }) do
    local entries = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
    for i = 1, #entries do reply[#reply + 1] = entries[i] end
    reply[#reply + 1] = ''
  end
  return reply
end
`;
