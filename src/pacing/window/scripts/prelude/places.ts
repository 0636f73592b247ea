/**
 * The places that are held (keys 1, 2 and 6), each until the moment that is its score in its set. The members of the first
 * two sets are the ids of calls; those of the third are `<how many calls>:<since when>:<id>`, where the id only makes the
 * member unique.
 */

import { MOST } from './reading.ts';

/** Calls of others who use the API key are kept in about so many records a window. */
const FOREIGN_RECORDS = 16;

export const PLACES = `
local function of(kind) return kind == 's' and KEYS[2] or KEYS[1] end
-- Never in both sets: a call that was granted without Redis may have been of the other kind here.
local function enter(kind, release, id)
  write('ZREM', kind == 's' and KEYS[1] or KEYS[2], id)
  write('ZADD', of(kind), text(release), id)
end
-- When the first place of a set comes free.
local function first(key)
  local entry = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')
  return tonumber(entry[2]) or math.huge
end
-- Enters calls of others. What the upstream tells within a moment is added up in one record.
local function hold(calls, release, id)
  local last = redis.call('ZRANGE', KEYS[6], -1, -1)[1]
  local some, since = string.match(last or '', '^(%d+):(%d+):')
  some, since = number(some, 1, ${MOST}), number(since, 0, now)
  if some and since and now - since < window / ${FOREIGN_RECORDS} then
    write('ZREM', KEYS[6], last)
    calls = calls + some
  else
    since = now
  end
  write('ZADD', KEYS[6], text(release), table.concat({ text(math.min(calls, ${MOST})), text(since), id }, ':'))
end
-- Removes what has come free.
local function sweep()
  local beyond = 0
  for _, key in ipairs({ KEYS[1], KEYS[2], KEYS[6] }) do
    write('ZREMRANGEBYSCORE', key, '-inf', text(now))
    beyond = beyond + write('ZREMRANGEBYSCORE', key, '(' .. text(latest), '+inf')
  end
  -- Held for longer than any call may last: the clock was set back, or somebody else wrote it. Counted for a window more.
  if beyond > 0 then hold(beyond, now + window, 'beyond') end
end
-- The first write of every script is one that frees memory: a Redis that is full refuses a script that begins otherwise.
sweep()
-- How many calls of others there are.
local function foreign()
  local calls = 0
  if redis.call('ZCARD', KEYS[6]) > ${2 * FOREIGN_RECORDS} then
    write('ZREMRANGEBYRANK', KEYS[6], 0, -${2 * FOREIGN_RECORDS} - 1)
  end
  for _, entry in ipairs(redis.call('ZRANGE', KEYS[6], 0, -1)) do
    local some = number(string.match(entry, '^(%d+):'), 1, ${MOST})
    if some then calls = calls + some else write('ZREM', KEYS[6], entry) end
  end
  return calls
end
`;
