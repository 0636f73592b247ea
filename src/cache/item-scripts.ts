/**
 * Scripts of by-item.ts. KEYS: for each item the key of its value, a string; then for each item the key of its claim, a string
 * that holds the claim's name.
 */

/** Ends a claim, and publishes that for the processes that wait for it. */
const DONE = `
local function done(first, last, claim, channel)
  for i = first, last do
    -- Another process may have claimed the item since.
    if redis.pcall('GET', KEYS[i]) == claim then redis.call('DEL', KEYS[i]) end
  end
  -- A user without the right to publish must still be able to end a claim: others then notice that it is no longer named.
  redis.pcall('PUBLISH', channel, 'over ' .. claim)
end
`;

/** Deletes a key of another type, which another program has left: nothing could be stored there otherwise. */
const OURS = `
local function ours(key)
  local found = redis.call('TYPE', key).ok
  if found ~= 'string' and found ~= 'none' then redis.call('DEL', key) end
end
`;

/** The longest name of a claim; a longer one was written by another program. */
const MOST_NAME_BYTES = 64;

/**
 * ARGV: `read` (if any values are known, they are all that is wanted) or `claim`, the claim, time after which it expires if it is not ended (ms), the longest value (bytes), claims that have ended.
 * Reply: for each item its value, or an empty string; then for each item the claim of another call that holds it, or an empty
 * string when the new claim holds it now.
 */
export const CLAIM = `${OURS}
local claim, count, gone = ARGV[2], #KEYS / 2, {}
for i = 5, #ARGV do gone[ARGV[i]] = true end
local reply, some = {}, false
for i = 1, count do
  ours(KEYS[i])
  local known = redis.call('STRLEN', KEYS[i]) <= tonumber(ARGV[4]) and redis.call('GET', KEYS[i])
  reply[i] = known or ''
  some = some or reply[i] ~= ''
end
if ARGV[1] == 'read' and some then return reply end
for i = 1, count do
  local key = KEYS[count + i]
  ours(key)
  local holder = redis.call('STRLEN', key) <= ${MOST_NAME_BYTES} and redis.call('GET', key)
  if holder and holder ~= '' and not gone[holder] then
    reply[count + i] = holder
  else
    redis.call('SET', key, claim, 'PX', ARGV[3])
    reply[count + i] = ''
  end
end
return reply
`;

/** ARGV: TTL (ms), claim ('' for none), channel, and for each item its value. A newer value that is there already stays. */
export const WRITE = `${OURS}${DONE}
local count = #KEYS / 2
for i = 1, count do
  ours(KEYS[i])
  local value, moment = ARGV[3 + i], redis.call('GETRANGE', KEYS[i], 0, 7)
  if #moment < 8 or not (struct.unpack('<d', moment) > struct.unpack('<d', value)) then
    redis.call('SET', KEYS[i], value, 'PX', ARGV[1])
  end
end
if ARGV[2] ~= '' then done(count + 1, 2 * count, ARGV[2], ARGV[3]) end
return 1
`;

/** KEYS: the keys of the claims only. ARGV: claim, channel. */
export const END = `${DONE}
done(1, #KEYS, ARGV[1], ARGV[2])
return 1
`;
