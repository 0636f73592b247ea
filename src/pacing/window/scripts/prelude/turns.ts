/**
 * The fair queue of queue/fair-queue.ts, for all processes together (key 5): the virtual time (`now`), and each client's tag
 * (`of:` and its name). Both are in millionths of a call.
 */

import { MOST } from './reading.ts';

/** One call of a client with weight 1, in virtual time. */
export const CALL = 1_000_000;

/** The smallest weight of a client, which makes the largest step in virtual time: see config/client-options.ts. */
const LEAST_WEIGHT = 0.001;

export const TURNS = `
-- A moment in virtual time, \`most\` at most. It need not be read again if its text is passed as \`told\`.
local function turn(name, most, told)
  local value = told or redis.call('HGET', KEYS[5], name)
  local read = number(value, -${MOST}, ${MOST})
  if value and not read then redis.call('HDEL', KEYS[5], name) end
  return read and math.min(read, most)
end
local function virtualTime() return math.max(0, turn('now', ${MOST}) or 0) end
-- As a list: the virtual time, then client, tag, client, tag, …
local function turns()
  local virtual = virtualTime()
  local reply = { text(virtual) }
  local all = redis.call('HGETALL', KEYS[5])
  for i = 1, #all, 2 do
    local client = string.match(all[i], '^of:(.*)$')
    local tag = client and turn(all[i], virtual + ${CALL / LEAST_WEIGHT}, all[i + 1])
    if tag then
      reply[#reply + 1] = client
      reply[#reply + 1] = text(tag)
    end
  end
  return reply
end
`;
