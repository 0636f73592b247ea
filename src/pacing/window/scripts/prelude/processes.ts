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

export const PROCESSES = `
local function say(line) redis.call('HSET', KEYS[4], process, text(now) .. ' ' .. line) end
-- The other processes as a list: name, line, name, line, …; and those of them to which one gives way. To be called before
-- this process says its own line, so that it is known for how long nobody has been heard of.
local function listen()
  local all, others, awake, newest = redis.call('HGETALL', KEYS[4]), {}, {}, 0
  for i = 1, #all, 2 do
    local said, line = string.match(all[i + 1], '^(%d+) (.*)$')
    local at = number(said, 0, now)
    newest = math.max(newest, at or 0)
    if not at or now - at > ${PRESENCE_US} then redis.call('HDEL', KEYS[4], all[i])
    elseif all[i] ~= process then
      others[#others + 1] = all[i]
      others[#others + 1] = line
      if now - at < ${AWAKE_US} then awake[#awake + 1] = { line = line, at = at } end
    end
  end
  if newest < now - ${AWAY_US} then set('quiet', now + ${GRACE_US}) end
  return others, awake
end
`;
