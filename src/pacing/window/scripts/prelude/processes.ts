/**
 * The processes that share the window (key 4): what waits in each (see line.ts), behind the moment at which it said so, in
 * microseconds.
 */

import { GRACE_US } from './epoch.ts';

/** A process that has not been heard of for so long is gone, microseconds. */
const PRESENCE_US = 5_000_000;

/** Nobody gives way to a process that has not been heard of for so long, microseconds. */
const AWAKE_US = 1_000_000;

/** After so long without any word, processes may have gone on alone, and nobody knows what they sent: NOTICE_MS in alone.ts. */
const AWAY_US = 1_250_000;

/** A hundred processes with as many clients each say less; what is beyond it is dropped. */
const MOST_BYTES = 512 * 1024;

export const PROCESSES = `
local function say(line) redis.call('HSET', KEYS[4], process, text(now) .. ' ' .. line) end
-- The other processes as a list: name, line, name, line, …; and those of them to which one gives way. To be called before
-- this process says its own line, so that it is known for how long nobody has been heard of.
local function listen()
  local others, awake, newest, bytes = {}, {}, 0, 0
  for _, name in ipairs(redis.call('HKEYS', KEYS[4])) do
    local size = #name + redis.call('HSTRLEN', KEYS[4], name)
    local fits = bytes + size <= ${MOST_BYTES}
    local said, line = string.match(fits and redis.call('HGET', KEYS[4], name) or '', '^(%d+) (.*)$')
    local at = number(said, 0, now)
    newest = math.max(newest, at or 0)
    if not at or now - at > ${PRESENCE_US} then redis.call('HDEL', KEYS[4], name)
    elseif name ~= process then
      bytes = bytes + size
      others[#others + 1] = name
      others[#others + 1] = line
      if now - at < ${AWAKE_US} then awake[#awake + 1] = { line = line, at = at } end
    end
  end
  if newest < now - ${AWAY_US} then set('quiet', now + ${GRACE_US}) end
  return others, awake
end
`;
