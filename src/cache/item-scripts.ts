/**
 * Scripts of by-item.ts. KEYS: for each item the key of its value, a string; then for each the key of its claim, a string that
 * names who is having it answered.
 */

/** A clean end is told to everybody who waits for it. */
const DONE = `
local function done(first, last, claim, channel)
  for i = first, last do
    -- Another process may have taken it on since.
    if redis.pcall('GET', KEYS[i]) == claim then redis.call('DEL', KEYS[i]) end
  end
  -- Whoever may not speak has had it answered all the same; who waits hears nothing of the claim any more.
  redis.pcall('PUBLISH', channel, 'over ' .. claim)
end
`;

/** What somebody else has left under a key goes, or nothing would ever be kept there. */
const OURS = `
local function ours(key)
  local found = redis.call('TYPE', key).ok
  if found ~= 'string' and found ~= 'none' then redis.call('DEL', key) end
end
`;

/** The longest name of a claim; what is longer was written by somebody else. */
const MOST_NAME_BYTES = 64;

/**
 * ARGV: claim, time after which it is forgotten if nobody ends it (ms), the longest that a value may be (bytes), claims that do
 * not count any more.
 * Reply: for each item its value, or an empty string; then for each the claim that holds it, or an empty string: it is this
 * one's now.
 */
export const CLAIM = `${OURS}
local claim, count, gone = ARGV[1], #KEYS / 2, {}
for i = 4, #ARGV do gone[ARGV[i]] = true end
local reply = {}
for i = 1, count do
  ours(KEYS[i])
  local known = redis.call('STRLEN', KEYS[i]) <= tonumber(ARGV[3]) and redis.call('GET', KEYS[i])
  reply[i] = known or ''
end
for i = 1, count do
  local key = KEYS[count + i]
  ours(key)
  local holder = redis.call('STRLEN', key) <= ${MOST_NAME_BYTES} and redis.call('GET', key)
  if holder and holder ~= '' and not gone[holder] then
    reply[count + i] = holder
  else
    redis.call('SET', key, claim, 'PX', ARGV[2])
    reply[count + i] = ''
  end
end
return reply
`;

/** ARGV: TTL (ms), claim ('' for none), channel, and for each item its value. One that was overtaken brings nothing new. */
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

/** KEYS: those of the claims alone. ARGV: claim, channel. */
export const END = `${DONE}
done(1, #KEYS, ARGV[1], ARGV[2])
return 1
`;
