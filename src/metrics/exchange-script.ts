/** Records of more dynos, or of more former owners of one name, are not ours. */
const MAX_DYNOS = 500;
const MAX_HANDOVERS = 16;

/** Packed, of all dynos or of all former owners: a hundred times what a thousand series take. */
const MAX_BYTES = 4 * 1024 * 1024;

/**
 * Snapshots of all processes, exchanged in Redis: a hash with a field per dyno, whose value is `claim at snapshot`. Both
 * numbers are microseconds of Redis' own clock, which Lua's doubles hold exactly until the year 2255. No claim lies in the
 * future: one that does is of a clock that was set back since, or of somebody else, and a new one takes its place.
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
 * What is no record of ours is deleted by whoever comes across it, and the work is bounded: more dynos than there can be,
 * or more bytes than are read at once, are none of ours.
 *
 * KEYS: the hash; a hash of what former owners of this name counted since, by `successor former` (two claims).
 * ARGV: dyno, claim ('0': none yet), whether it serves ('1'), snapshot, whether the others' snapshots are wanted ('1'),
 * freshness (µs), largest snapshot (bytes), milliseconds for which the hash is kept, the time until which the offer is
 * good (µs).
 * Reply: claim, the owner's claim, how many records were no such thing or too many, the others (in triples of dyno, stamp
 * and snapshot), and pairs of a former claim and what was left to this process.
 */
export const EXCHANGE = `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
if now > tonumber(ARGV[9]) then return redis.error_reply('LATE the offer has expired') end
local key, dyno, claim, snapshot = KEYS[1], ARGV[1], tonumber(ARGV[2]), ARGV[4]
local fresh, largest = tonumber(ARGV[6]), tonumber(ARGV[7])
local function text(number) return string.format('%.0f', number) end
-- Whoever takes over claims a moment later than its predecessor.
local latest = now + 1000

-- Something else under our keys would stand in the way for ever.
for i, most in ipairs({ ${MAX_DYNOS}, ${MAX_HANDOVERS} }) do
  local kind = redis.call('TYPE', KEYS[i]).ok
  if kind ~= 'none' and (kind ~= 'hash' or redis.call('HLEN', KEYS[i]) > most) then redis.call('UNLINK', KEYS[i]) end
end

-- Claim, whether it is fresh, the stamp and the snapshot; nothing of what is not one. A clock may have been set back.
local function read(field)
  if #field > 255 or not string.match(field, '^[!-~]+$') then return nil end
  if redis.call('HSTRLEN', key, field) > largest then return nil end
  local value = redis.call('HGET', key, field) or ''
  local stamp, claimed, at, start = string.match(value, '^((%d+) (%d+)) ()')
  claimed, at = tonumber(claimed or nil), tonumber(at or nil)
  if not claimed or claimed < 1 or claimed > latest then return nil end
  return claimed, math.abs(now - at) <= fresh, stamp, string.sub(value, start)
end

if claim > latest then claim = 0 end
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

local others, skipped, bytes = {}, 0, 0
if ARGV[5] == '1' then
  local fields = redis.call('HKEYS', key)
  table.sort(fields)
  for _, field in ipairs(fields) do
    if not owns or field ~= dyno then
      local claimed, living, stamp, theirs = read(field)
      bytes = bytes + (living and #theirs or 0)
      if not claimed then skipped = skipped + 1 end
      if not living then redis.call('HDEL', key, field)
      elseif bytes > ${MAX_BYTES} then skipped = skipped + 1
      else
        for _, value in ipairs({ field, stamp, theirs }) do others[#others + 1] = value end
      end
    end
  end
end

local left, leftBytes = {}, 0
for _, name in ipairs(redis.call('HKEYS', KEYS[2])) do
  local successor, former = string.match(name, '^(%d+) (%d+)$')
  local size = redis.call('HSTRLEN', KEYS[2], name)
  if not successor or #name > 40 or size > largest then
    redis.call('HDEL', KEYS[2], name)
    skipped = skipped + 1
  elseif successor == text(claim) and leftBytes + size <= ${MAX_BYTES} then
    leftBytes = leftBytes + size
    left[#left + 1] = former
    left[#left + 1] = redis.call('HGET', KEYS[2], name)
  end
end
return { text(claim), text(owner), skipped, others, left }
`;

/** KEYS: the hash. ARGV: pairs of a dyno and the stamp of a record that is no snapshot: it goes, unless it is a newer one. */
export const FORGET = `
for i = 1, #ARGV, 2 do
  local value = redis.call('HGET', KEYS[1], ARGV[i]) or ''
  if string.sub(value, 1, #ARGV[i + 1] + 1) == ARGV[i + 1] .. ' ' then redis.call('HDEL', KEYS[1], ARGV[i]) end
end
return 1
`;
