/** The most dynos, and former owners of one name: with more records, other programs have written here. */
const MAX_DYNOS = 500;
const MAX_HANDOVERS = 16;

/** The most packed bytes of all dynos, or of all former owners: a hundred times a thousand series. */
const MAX_BYTES = 4 * 1024 * 1024;

/**
 * Snapshots of all processes, exchanged in Redis: a hash with a field per dyno, whose value is `claim at snapshot`. Both
 * numbers are microseconds of Redis' own clock, which Lua's doubles hold exactly until the year 2255. A claim from the
 * future comes from a clock that was set back since, or from another program, and is replaced by a new one.
 *
 * Two processes may have the same name for a while: the old and the new generation of a dyno. If both published, each
 * scrape would see one or the other, and every change from the higher count to the lower would look like a restart. So a
 * name has one owner, the process with the newest claim, which is a fencing token. A process makes its claim when it serves
 * its first request, since until then all requests and counts are its predecessor's; or, while idle, when no other process
 * publishes under its name.
 *
 * An offer expires at a time of Redis' clock: one that lay in the buffers of a Redis that hung must not be read later,
 * perhaps after a newer one that came through another connection.
 *
 * Each process deletes the records that it finds invalid, and the work is bounded: records beyond the most dynos or bytes
 * are not ours.
 *
 * KEYS: the hash; a hash of the counts of former owners of this name since they lost it, by `successor former` (two claims).
 * ARGV: dyno, claim ('0': none yet), whether it serves ('1'), snapshot, whether the others' snapshots are wanted ('1'),
 * freshness (µs), largest snapshot (bytes), milliseconds for which the hash is kept, expiry of the offer (µs).
 * Reply: claim, the owner's claim, the number of records that were invalid or too many, the others (in triples of dyno, stamp
 * and snapshot), and pairs of a former claim and the counts that it has left to this process.
 */
export const EXCHANGE = `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
if now > tonumber(ARGV[9]) then return redis.error_reply('LATE the offer has expired') end
local key, dyno, claim, snapshot = KEYS[1], ARGV[1], tonumber(ARGV[2]), ARGV[4]
local fresh, largest = tonumber(ARGV[6]), tonumber(ARGV[7])
local function text(number) return string.format('%.0f', number) end
-- A process that takes over makes a claim slightly later than its predecessor's.
local latest = now + 1000

-- A key of another type would block us for ever.
for i, most in ipairs({ ${MAX_DYNOS}, ${MAX_HANDOVERS} }) do
  local kind = redis.call('TYPE', KEYS[i]).ok
  if kind ~= 'none' and (kind ~= 'hash' or redis.call('HLEN', KEYS[i]) > most) then redis.call('UNLINK', KEYS[i]) end
end

-- A record's claim, whether it is fresh, its stamp and its snapshot; nil if it is invalid. A clock may have been set back.
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
  -- A full Redis refuses a script whose first write needs memory. This one frees what the next one needs.
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

/** KEYS: the hash. ARGV: pairs of a dyno and the stamp of its invalid record, which is deleted unless there is a newer one. */
export const FORGET = `
for i = 1, #ARGV, 2 do
  local value = redis.call('HGET', KEYS[1], ARGV[i]) or ''
  if string.sub(value, 1, #ARGV[i + 1] + 1) == ARGV[i + 1] .. ' ' then redis.call('HDEL', KEYS[1], ARGV[i]) end
end
return 1
`;
