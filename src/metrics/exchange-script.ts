/**
 * Snapshots of all processes, exchanged in Redis: a hash with a field per dyno, whose value is `claim at snapshot`. Both
 * numbers are microseconds of Redis' own clock, which Lua's doubles hold exactly until the year 2255.
 *
 * Two processes may bear one name for a while, the old and the new generation of a dyno. If both published, each scrape
 * would see one or the other, and every change from the higher count to the lower would pass for a restart. So a name
 * is a slot with one owner: whoever made the newest claim, a fencing token. A process makes its claim when it first
 * serves somebody, since until then all requests, and all that is worth telling, are its predecessor's; or, idle, when
 * nobody else is heard of under its name.
 *
 * An offer is good until a time of Redis' clock: whoever made it has long told something else when one that lay in the
 * buffers of a Redis that hung is read at last, perhaps after a newer one that came through another connection.
 *
 * KEYS: the hash; a hash of what former owners of this name counted since, by `heir former` (two claims).
 * ARGV: dyno, claim ('0': none yet), whether it serves ('1'), snapshot, whether the others' snapshots are wanted ('1'),
 * freshness (µs), largest snapshot (bytes), milliseconds for which the hash is kept, the time until which the offer is
 * good (µs).
 * Reply: claim, the owner's claim, fields that hold nothing readable, snapshots of the others, and pairs of a former
 * claim and what was left to this process.
 */
export const EXCHANGE = `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
if now > tonumber(ARGV[9]) then return redis.error_reply('LATE the offer has expired') end
local key, dyno, claim, snapshot = KEYS[1], ARGV[1], tonumber(ARGV[2]), ARGV[4]
local fresh, largest = tonumber(ARGV[6]), tonumber(ARGV[7])
local function text(number) return string.format('%.0f', number) end

-- Something else under our keys would stand in the way for ever.
for _, name in ipairs(KEYS) do
  local kind = redis.call('TYPE', name).ok
  if kind ~= 'hash' and kind ~= 'none' then redis.call('DEL', name) end
end

-- Claim, whether it is fresh, and the snapshot; nothing of what is not one. A clock may have been set back.
local function read(field)
  if redis.call('HSTRLEN', key, field) > largest then return nil end
  local value = redis.call('HGET', key, field) or ''
  local claimed, at, start = string.match(value, '^(%d+) (%d+) ()')
  if not claimed then return nil end
  return tonumber(claimed), math.abs(now - tonumber(at)) <= fresh, string.sub(value, start)
end

local owner, alive = read(dyno)
if claim == 0 and (not alive or ARGV[3] == '1') then claim = math.max(now, (owner or 0) + 1) end
local owns = claim > 0 and (not alive or claim >= owner)
if owns then
  owner = claim
  -- A full Redis refuses the first write if that takes memory. This one gives back what the next one takes.
  -- https://redis.io/docs/latest/develop/programmability/eval-intro/ (low-memory conditions)
  redis.call('HDEL', key, dyno)
  redis.call('HSET', key, dyno, text(claim) .. ' ' .. text(now) .. ' ' .. snapshot)
  redis.call('PEXPIRE', key, ARGV[8])
end

local others, unreadable = {}, 0
if ARGV[5] == '1' then
  local fields = redis.call('HKEYS', key)
  table.sort(fields)
  for _, field in ipairs(fields) do
    if not owns or field ~= dyno then
      local claimed, living, theirs = read(field)
      if not claimed then unreadable = unreadable + 1
      elseif living then others[#others + 1] = theirs
      else redis.call('HDEL', key, field) end
    end
  end
end

local left, legacies = {}, redis.call('HGETALL', KEYS[2])
for i = 1, #legacies, 2 do
  local heir, former = string.match(legacies[i], '^(%d+) (%d+)$')
  if heir == text(claim) then
    left[#left + 1] = former
    left[#left + 1] = legacies[i + 1]
  end
end
return { text(claim), text(owner), unreadable, others, left }
`;
