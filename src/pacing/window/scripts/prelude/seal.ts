/**
 * What the limit depends on (keys 1, 2, 3 and 6) carries a seal: a digest of all of it, left by the script that wrote last.
 * When it does not fit, somebody else has written there, or Redis has dropped something, and a place that is held may be
 * missing without a trace. Then the window is forgotten, and begins a new epoch as after any loss.
 */

/** Of a set with more places than this only the size is sealed: reading all would take longer than a decision may. */
const MOST_SEALED = 1000;

/**
 * How long an unused window is remembered, milliseconds. A window that Redis has forgotten is taken for one that was
 * lost, and starts carefully.
 */
const KEEP_MS = 7 * 24 * 3600 * 1000;

export const SEAL = `
local function seal()
  local parts, fields = {}, redis.call('HGETALL', KEYS[3])
  for i = 1, #fields, 2 do
    if fields[i] ~= 'seal' then parts[#parts + 1] = fields[i] .. '=' .. fields[i + 1] end
  end
  -- Redis lists a hash in any order.
  table.sort(parts)
  for _, key in ipairs({ KEYS[1], KEYS[2], KEYS[6] }) do
    local size = redis.call('ZCARD', key)
    local entries = size <= ${MOST_SEALED} and redis.call('ZRANGE', key, 0, -1, 'WITHSCORES') or {}
    parts[#parts + 1] = size .. ':' .. table.concat(entries, ' ')
  end
  return redis.sha1hex(table.concat(parts, ';'))
end
local function forgetWindow() redis.call('DEL', KEYS[1], KEYS[2], KEYS[3], KEYS[6]) end
-- A window that does not exist yet has neither a seal nor anything to be sealed.
local sealed = redis.call('HGET', KEYS[3], 'seal')
local exists = sealed or redis.call('EXISTS', KEYS[1], KEYS[2], KEYS[3], KEYS[6]) > 0
if foreigner or exists and sealed ~= seal() then forgetWindow() end
-- Every write to what is sealed goes through here. A command that removes nothing has changed nothing.
local changed = false
local function write(command, key, ...)
  local reply = redis.call(command, key, ...)
  changed = changed or reply ~= 0 or command == 'HSET' or command == 'ZADD'
  return reply
end
-- The end of every script.
local function finish(reply)
  if changed then redis.call('HSET', KEYS[3], 'seal', seal()) end
  for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, ${KEEP_MS}) end
  return reply
end
`;
