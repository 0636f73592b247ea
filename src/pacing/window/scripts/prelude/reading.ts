/**
 * How a script reads: by Redis' clock, and strictly. Nothing that is stored is trusted. What has another type, is no
 * number, or lies beyond what we could have written is dropped, and no loop runs as often as a stored number says.
 */

/** No moment lies further ahead than a window, the longest pause or call, and some time to spare. Microseconds. */
const AHEAD_US = 90_000_000;

/** What every script reads of processes and of clients. */
const MOST_FIELDS = 2000;

/** Whole numbers are exact up to here. */
export const MOST = 2 ** 53;

export const READING = `
local process, window = ARGV[1], tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local latest = now + window + ${AHEAD_US}
local function text(number) return string.format('%.0f', number) end
-- The number that the value stands for; nil if it stands for none, or for one out of range.
local function number(value, low, high)
  local read = tonumber(value or nil)
  if read and read >= low and read <= high then return read end
end
-- A key of another type was written by somebody else.
local foreigner = false
for i, kind in ipairs({ 'zset', 'zset', 'hash', 'hash', 'hash', 'zset' }) do
  local found = redis.call('TYPE', KEYS[i]).ok
  if found ~= kind and found ~= 'none' then
    redis.call('DEL', KEYS[i])
    foreigner = true
  end
end
-- Neither processes nor clients are so many: others have written there. Processes say again what waits in each.
for _, key in ipairs({ KEYS[4], KEYS[5] }) do
  if redis.call('HLEN', key) > ${MOST_FIELDS} then redis.call('DEL', key) end
end
`;
