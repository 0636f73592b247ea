/**
 * The sliding-window log as Lua, atomic in Redis and by Redis' own clock: the clocks of processes differ by seconds.
 * Times are whole microseconds, which Lua's doubles hold exactly until the year 2255.
 *
 * KEYS of every script, all with one hash tag so that they live on one node of a cluster:
 *   1 `…:burst`   sorted set: calls granted as asked, by the moment their place comes free
 *   2 `…:spaced`  sorted set: calls granted one by one
 *   3 `…:state`   hash: epoch, granted, next (spaced), pause, warm, probe, even
 *   4 `…:queue`   hash: process → waiting calls and when it said so
 */

/** A process that has not been heard of for that long waits for nothing any more, microseconds. */
const PRESENCE_US = 5_000_000;

const PRELUDE = `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local function text(number) return string.format('%.0f', number) end
local function field(name) return tonumber(redis.call('HGET', KEYS[3], name) or nil) end
local function set(name, value) redis.call('HSET', KEYS[3], name, text(value)) end
local function first(key)
  local entry = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')
  return tonumber(entry[2]) or math.huge
end
local function keep(ttl)
  for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, ttl) end
end
local function present()
  local queue, waiting = redis.call('HGETALL', KEYS[4]), {}
  for i = 1, #queue, 2 do
    local calls, at = string.match(queue[i + 1], '(%d+) (%d+)')
    if now - tonumber(at) > ${PRESENCE_US} then redis.call('HDEL', KEYS[4], queue[i])
    else waiting[queue[i]] = tonumber(calls) end
  end
  return waiting
end
`;

/**
 * How long an unused window is remembered, milliseconds. A window that Redis has forgotten is taken for one that was
 * lost, and starts carefully.
 */
const KEEP_MS = 7 * 24 * 3600 * 1000;

/** How soon to look again whether a cold window's first call has been answered, microseconds. */
const COLD_POLL_US = 100_000;

/**
 * ARGV: id, limit, burst, spacing, lease, window, callTimeout (µs), process, waiting.
 * Reply: granted ('b', 's' or ''), now, wait, epoch, held, granted so far, other processes, their waiting calls, probing,
 * and when nothing was granted: next, and both sets as pairs of id and release, each ending with an empty string.
 */
export const ADMIT = `${PRELUDE}
local id, process = ARGV[1], ARGV[8]
local limit, burst, spacing = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local lease, window, callTimeout = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])

redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', text(now))
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', text(now))

redis.call('HSET', KEYS[4], process, ARGV[9] .. ' ' .. text(now))
local others, ahead = 0, 0
for other, waiting in pairs(present()) do
  if other ~= process then
    others = others + 1
    ahead = ahead + waiting
  end
end

local epoch = field('epoch')
if not epoch then
  epoch = now
  set('epoch', epoch)
end
local bursting = redis.call('ZCARD', KEYS[1])
local held = bursting + redis.call('ZCARD', KEYS[2])
local pause, nextSpaced = field('pause') or 0, field('next') or 0
local cold = not field('warm') and now < epoch + window
local grant, wait, probing = '', nil, 0

if now < pause then
  wait = pause - now
elseif held >= limit then
  wait = math.min(first(KEYS[1]), first(KEYS[2])) - now
elseif cold then
  local even, probe = field('even'), field('probe') or 0
  if even then
    if now < even then wait = even - now
    else
      set('even', now + window / limit)
      grant = 'b'
    end
  elseif now < probe then
    wait = math.min(${COLD_POLL_US}, probe - now)
  else
    set('probe', now + callTimeout)
    grant, probing = 'b', 1
  end
elseif bursting < burst then
  grant = 'b'
elseif now < nextSpaced then
  wait = math.min(first(KEYS[1]), nextSpaced) - now
else
  if spacing > 0 then set('next', now + spacing) end
  grant = 's'
end

local granted = field('granted') or 0
if grant ~= '' then
  redis.call('ZADD', grant == 'b' and KEYS[1] or KEYS[2], text(now + lease), id)
  granted = granted + 1
  held = held + 1
  set('granted', granted)
end
keep(${KEEP_MS})
local reply = { grant, text(now), text(math.min(wait or 0, window)), text(epoch), held, granted, others, ahead, probing }
if grant == '' then
  reply[10] = text(nextSpaced)
  for _, key in ipairs({ KEYS[1], KEYS[2] }) do
    local entries = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
    for i = 1, #entries do reply[#reply + 1] = entries[i] end
    reply[#reply + 1] = ''
  end
end
return reply
`;

/**
 * ARGV: id, set ('b' or 's'), hold (µs from now), answered (0 or 1), remaining (-1: not said), limit, held then, granted
 * then, epoch then, pause (µs), window (µs), probing (0 or 1).
 */
export const COMPLETE = `${PRELUDE}
local id, hold, answered, remaining = ARGV[1], tonumber(ARGV[3]), ARGV[4] == '1', tonumber(ARGV[5])
local limit, heldThen, grantedThen = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
local pause, window, probing = tonumber(ARGV[10]), tonumber(ARGV[11]), ARGV[12] == '1'
-- Entered again when it was lost: the answer came only now, so the upstream may have counted the call only now.
redis.call('ZADD', ARGV[2] == 'b' and KEYS[1] or KEYS[2], text(now + hold), id)
local sameEpoch = redis.call('HGET', KEYS[3], 'epoch') == ARGV[9]
if pause > 0 then set('pause', math.max(field('pause') or 0, now + pause)) end
if remaining >= 0 and sameEpoch then
  local ours = heldThen + (field('granted') or 0) - grantedThen
  for i = 1, limit - remaining - ours do
    redis.call('ZADD', KEYS[1], text(now + window), 'x' .. id .. i)
  end
  set('warm', 1)
  redis.call('HDEL', KEYS[3], 'probe', 'even')
elseif probing then
  redis.call('HDEL', KEYS[3], 'probe')
  if answered and sameEpoch then set('even', now + window / limit) end
end
keep(${KEEP_MS})
return 1
`;

/** ARGV: id, set, probing. The place was not used. */
export const CANCEL = `${PRELUDE}
redis.call('ZREM', ARGV[2] == 'b' and KEYS[1] or KEYS[2], ARGV[1])
if ARGV[2] == 's' then redis.call('HDEL', KEYS[3], 'next') end
if ARGV[3] == '1' then redis.call('HDEL', KEYS[3], 'probe') end
return 1
`;

/**
 * ARGV: process, then pairs of id and hold (µs from now). Enters calls that were admitted, or whose entries were lost,
 * elsewhere. Reply: other processes heard of lately.
 */
export const RESTORE = `${PRELUDE}
for i = 2, #ARGV, 2 do redis.call('ZADD', KEYS[1], 'GT', text(now + tonumber(ARGV[i + 1])), ARGV[i]) end
local others = 0
for process, entry in pairs(present()) do if process ~= ARGV[1] then others = others + 1 end end
redis.call('HSET', KEYS[4], ARGV[1], '0 ' .. text(now))
keep(${KEEP_MS})
return { others }
`;
