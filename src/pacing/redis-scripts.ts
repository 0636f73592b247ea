/**
 * The sliding-window log as Lua, atomic in Redis and by Redis' own clock: the clocks of processes differ by seconds.
 * Times are whole microseconds, which Lua's doubles hold exactly until the year 2255.
 *
 * KEYS of every script, all with one hash tag so that they live on one node of a cluster:
 *   1 `…:burst`   sorted set: calls granted as asked, by the moment their place comes free
 *   2 `…:spaced`  sorted set: calls granted one by one
 *   3 `…:state`   hash: epoch, granted, next (spaced), pause, cold, probe, even, turn
 *   4 `…:queue`   hash: process → waiting calls, those of them that are due, when it said so, and its turn
 *
 * Processes get places in proportion to what waits in each, so that a call waits as long in one as in another: start-time
 * fair queueing, as between clients. A process's turn is in virtual time, and moves on by 1 ÷ waiting calls with each
 * place; \`turn\` in the state is that of the last place granted.
 *
 * An epoch is the life of one such log. It is new when Redis has never heard of the window, or has forgotten it. Whoever
 * asks for a place in an epoch to which it has not told its calls is sent to do that first.
 */

/** A process that has not been heard of for that long is gone, microseconds. */
const PRESENCE_US = 5_000_000;

/**
 * How long a new epoch grants nothing: every process that lives tells what it has running meanwhile, so that a Redis
 * that was emptied right behind a full window does not let a call through. Three beats of a process's heart.
 * Microseconds.
 */
const GRACE_US = 750_000;

/** Nobody gives way to a process that has not been heard of for that long, microseconds. */
const AWAKE_US = 1_000_000;

/** How far a turn moves on with a place, when one call waits. */
const TURN = 1_000_000;

/** How soon one that gave way to another process asks again, microseconds. */
const TURN_US = 30_000;

/** How often in a row one gives way to calls that are due elsewhere. A process that sleeps is not waited for any longer. */
const PROMISED_TURNS = 3;

/** How soon to look again whether a cold window's first call has been answered, microseconds. */
const COLD_POLL_US = 100_000;

/**
 * How long an unused window is remembered, milliseconds. A window that Redis has forgotten is taken for one that was
 * lost, and starts carefully.
 */
const KEEP_MS = 7 * 24 * 3600 * 1000;

/** ARGV of every script begins with: process, window (µs). */
const PRELUDE = `
local process, window = ARGV[1], tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local function text(number) return string.format('%.0f', number) end
-- First: while Redis is full, it refuses a script whose first write takes memory, and no other.
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', text(now))
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', text(now))
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
local lastTurn = field('turn') or 0
local function say(waiting, due, turn)
  local before = string.match(redis.call('HGET', KEYS[4], process) or '', '(%d+)$')
  local own = turn or tonumber(before) or 0
  redis.call('HSET', KEYS[4], process, waiting .. ' ' .. due .. ' ' .. text(now) .. ' ' .. text(own))
  return math.max(own, lastTurn)
end
-- The other processes: their waiting calls, one number each; how many are due altogether; the first turn among them.
local function others()
  local all, waiting, due, first = redis.call('HGETALL', KEYS[4]), {}, 0, math.huge
  for i = 1, #all, 2 do
    local calls, early, at, turn = string.match(all[i + 1], '(%d+) (%d+) (%d+) (%d+)')
    local silent = now - tonumber(at)
    if silent > ${PRESENCE_US} then redis.call('HDEL', KEYS[4], all[i])
    elseif all[i] ~= process then
      waiting[#waiting + 1] = all[i] .. ' ' .. calls
      if silent < ${AWAKE_US} and tonumber(calls) > 0 then
        due = due + tonumber(early)
        first = math.min(first, math.max(tonumber(turn), lastTurn))
      end
    end
  end
  return table.concat(waiting, ','), due, first
end
`;

/**
 * ARGV: process, window, id, limit, burst, spacing, lease, callTimeout (µs), waiting, due, epoch, how often in a row it has
 * given way.
 * Reply: what became of it ('b' or 's': granted so; '?': another epoch; else the reason of the wait), now, wait, epoch,
 * held, granted so far, the others, probing; and when nothing was granted: next, and both sets as pairs of id and
 * release, each ending with an empty string.
 */
export const ADMIT = `${PRELUDE}
local id, limit, burst, spacing = ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local lease, callTimeout, own = tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[10])

local turn = say(ARGV[9], ARGV[10])
local elsewhere, due, early = others()
local bursting = redis.call('ZCARD', KEYS[1])
local held = bursting + redis.call('ZCARD', KEYS[2])
local granted = field('granted') or 0
if ARGV[11] ~= text(epoch) then
  return finish({ '?', text(now), '0', text(epoch), held, granted, elsewhere, 0 })
end

local pause, nextSpaced, quiet = field('pause') or 0, field('next') or 0, epoch + ${GRACE_US}
local cold, even, probe = field('cold') or 0, field('even'), field('probe') or 0
local verdict, wait, probing = nil, 0, 0
if now < pause then
  verdict, wait = 'paused', pause - now
elseif held >= limit then
  verdict, wait = 'full', math.min(first(KEYS[1]), first(KEYS[2])) - now
elseif now < quiet then
  verdict, wait = 'cold', quiet - now
elseif now < cold and even and now < even then
  verdict, wait = 'cold', even - now
elseif now < cold and not even and now < probe then
  verdict, wait = 'cold', math.min(${COLD_POLL_US}, probe - now)
elseif now < cold or bursting < burst then
  verdict = 'b'
elseif now < nextSpaced then
  verdict, wait = 'spaced', math.min(first(KEYS[1]), nextSpaced) - now
else
  verdict = 's'
end
-- While there is no room for all, whoever's turn it is goes first: calls that are due, then in the order of turns. They
-- are given a moment to ask: once, and several times when they have been promised to go first.
if (verdict == 'b' or verdict == 's') and burst - bursting <= 1 then
  local gaveWay, promised = tonumber(ARGV[12]), own == 0 and due > 0
  local first = promised or (own > 0) == (due > 0) and early < turn
  if first and gaveWay < (promised and ${PROMISED_TURNS} or 1) then verdict, wait = 'turn', ${TURN_US} end
end

local reply = { verdict, text(now), text(math.min(wait, window)), text(epoch), held, granted, elsewhere, 0 }
if verdict == 'b' or verdict == 's' then
  if now < cold then
    if even then set('even', now + window / limit)
    else
      set('probe', now + callTimeout)
      reply[8] = 1
    end
  elseif verdict == 's' and spacing > 0 then set('next', now + spacing) end
  redis.call('ZADD', of(verdict), text(now + lease), id)
  set('granted', granted + 1)
  set('turn', turn)
  say(ARGV[9], ARGV[10], turn + ${TURN} / math.max(1, tonumber(ARGV[9])))
  reply[5], reply[6] = held + 1, granted + 1
  return finish(reply)
end
reply[9] = text(nextSpaced)
for _, key in ipairs({ KEYS[1], KEYS[2] }) do
  local entries = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
  for i = 1, #entries do reply[#reply + 1] = entries[i] end
  reply[#reply + 1] = ''
end
return finish(reply)
`;

/**
 * ARGV: process, window, id, set ('b' or 's'), hold (µs from now), answered (0 or 1), remaining (-1: not said), limit,
 * held then, granted then, epoch then, pause (µs), probing (0 or 1).
 */
export const COMPLETE = `${PRELUDE}
local id, hold, answered, remaining = ARGV[3], tonumber(ARGV[5]), ARGV[6] == '1', tonumber(ARGV[7])
local limit, heldThen, grantedThen = tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[10])
local sameEpoch, pause, probing = ARGV[11] == text(epoch), tonumber(ARGV[12]), ARGV[13] == '1'
-- Entered again when it was lost: the answer came only now, so the upstream may have counted the call only now.
redis.call('ZADD', of(ARGV[4]), text(now + hold), id)
if pause > 0 then set('pause', math.max(field('pause') or 0, now + pause)) end
if remaining >= 0 and sameEpoch then
  -- The upstream counts more than we can have made: somebody else uses the key. Held for a window from now.
  local ours = heldThen + (field('granted') or 0) - grantedThen
  for i = 1, limit - remaining - ours do
    redis.call('ZADD', KEYS[1], text(now + window), 'x' .. id .. i)
  end
  drop('cold', 'probe', 'even')
elseif pause > 0 then
  -- It counts more than this log does, and does not say how much: after its pause, one call goes first.
  set('cold', now + pause + window)
  drop('probe', 'even')
elseif probing and sameEpoch then
  drop('probe')
  if answered then set('even', now + window / limit) end
end
return finish(1)
`;

/** ARGV: process, window, id, set, probing. The place was not used. */
export const CANCEL = `${PRELUDE}
local was = redis.call('ZREM', KEYS[1], ARGV[3]) + redis.call('ZREM', KEYS[2], ARGV[3])
if was > 0 and ARGV[4] == 's' then drop('next') end
if was > 0 and ARGV[5] == '1' then drop('probe') end
return finish(1)
`;

/**
 * ARGV: process, window, waiting, due, then triples of id, set and hold (µs from now): the process's calls, as it knows
 * them. Reply: epoch, places held, the others.
 */
export const TELL = `${PRELUDE}
for i = 5, #ARGV, 3 do
  redis.call('ZADD', of(ARGV[i + 1]), text(now + tonumber(ARGV[i + 2])), ARGV[i])
end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', text(now))
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', text(now))
say(ARGV[3], ARGV[4])
local held = redis.call('ZCARD', KEYS[1]) + redis.call('ZCARD', KEYS[2])
return finish({ text(epoch), held, (others()) })
`;

/** ARGV: process, window. It goes, and waits for nothing any more. */
export const LEAVE = `${PRELUDE}
redis.call('HDEL', KEYS[4], process)
return finish(1)
`;
