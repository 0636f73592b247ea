/**
 * Facts about the window, by name (key 3). Moments, in microseconds:
 *
 *   `epoch`   the beginning of the present epoch (see epoch.ts)
 *   `pause`   until when the upstream wants to be left alone
 *   `quiet`   until when nothing is granted
 *   `cold`    since when all calls are known
 *   `spaced`  the last call that was granted in the spaced way
 *   `probe`   the last call that was sent as the first of a cold window
 *   `even`    the last call that was sent evenly spaced in a cold window
 *
 * And `granted`: how many places have been taken in this epoch, those of others who use the API key included.
 *
 * Only facts are kept. What follows from them (when the next call may go, how long a cold window lasts) each process
 * derives by its own limit: an app or a release with another limit that shares the prefix decides for nobody else.
 */

export const FACTS = `
local function field(name, low, high)
  local value = redis.call('HGET', KEYS[3], name)
  local read = number(value, low, high)
  if value and not read then write('HDEL', KEYS[3], name) end
  return read
end
local function moment(name) return field(name, 0, latest) end
local function set(name, value) write('HSET', KEYS[3], name, text(value)) end
local function drop(...) write('HDEL', KEYS[3], ...) end
`;
