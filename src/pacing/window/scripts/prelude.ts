/**
 * The sliding-window log as Lua, atomic in Redis and by Redis' own clock: the clocks of processes differ by seconds.
 * Times are whole microseconds, which Lua's doubles hold exactly until the year 2255.
 *
 * KEYS of every script, all with one hash tag so that they live on one node of a cluster:
 *   1 `…:burst`   sorted set: calls granted as asked, by the moment their place comes free
 *   2 `…:spaced`  sorted set: calls granted one by one
 *   3 `…:state`   hash: moments, of facts only: `epoch`, of its beginning; `pause` and `quiet`, of their ends; `cold`, since
 *                 when all is known; of the last call that was let through spaced, as the first of a cold window (`probe`) or
 *                 evenly spaced (`even`). And `granted`, `seal`
 *   4 `…:queue`   hash: process → when it said so, and its line (see line.ts)
 *   5 `turns`     hash, shared by all windows of a model: virtual time (`now`), and each client's tag (`of:` client)
 *   6 `…:foreign` sorted set: calls of others who use the key, as the upstream told of them: `<how many>:<since when>:<id>`
 *
 * What follows from these facts (when the next call may go, how long a cold window lasts) each process derives for itself,
 * by its own limit: an app or a release with another one that shares the prefix decides for nobody else. With another
 * length of the window it has keys of its own.
 *
 * An epoch is the life of one such log. It is new when Redis has never heard of the window, or has forgotten it. Whoever
 * asks for a place in an epoch to which it has not told its calls is sent to do that first.
 *
 * The fair queue of fair-queue.ts, for all processes together: tags are in millionths of a call.
 *
 * What the limit depends on (keys 1, 2, 3 and 6) carries a seal: a digest of all of it, written by the script that wrote
 * last. Where it does not fit, somebody else has written there, or something was dropped, and a place that is held may
 * be missing without a trace. Then the window is forgotten, and begins a new epoch as after any loss.
 *
 * Nothing else that is stored is trusted: what has another type, is no number, or lies beyond what we could have written is
 * dropped, and no loop runs as often as a stored number says.
 */

/** Of keys that processes of different releases share: to be raised when they would misread each other. */
export const PROTOCOL = 2;

/** The keys by their kind, in order. @see KEYS above */
export const keysOf = (
  prefix: string,
  { model, attachment, windowMs }: { model: string; attachment: string; windowMs: number },
): string[] => {
  const tag = `${prefix}{window:${PROTOCOL}:${windowMs}:${model}}`;
  const [burst, spaced, state, queue, foreign] = ['burst', 'spaced', 'state', 'queue', 'foreign'].map(
    (kind) => `${tag}:${attachment}:${kind}`,
  );
  return [burst!, spaced!, state!, queue!, `${tag}:turns`, foreign!];
};

/** A process that has not been heard of for that long is gone, microseconds. */
const PRESENCE_US = 5_000_000;

/**
 * How long nothing is granted in a new epoch, or when nobody has been there for a while: every process that lives tells
 * what it has running meanwhile, so that a Redis that was emptied right behind a full window, or cannot know of one, does
 * not let a call through. Three beats of a process's heart. Microseconds.
 */
const GRACE_US = 750_000;

/** Of whom has been away for longer, nobody knows what they have sent without Redis: see NOTICE_MS in alone.ts. */
const AWAY_US = 1_250_000;

/** Nobody gives way to a process that has not been heard of for that long, microseconds. */
const AWAKE_US = 1_000_000;

/**
 * How long an unused window is remembered, milliseconds. A window that Redis has forgotten is taken for one that was
 * lost, and starts carefully.
 */
const KEEP_MS = 7 * 24 * 3600 * 1000;

/** Beyond a window, nothing lies further ahead than the longest pause or call, and some time to spare. Microseconds. */
const AHEAD_US = 90_000_000;

/** Whole numbers are exact up to here. */
const MOST = 2 ** 53;

/** What the upstream tells of others is kept in so many records a window at most. */
const FOREIGN_RECORDS = 16;

/** So many places of each kind are told one by one; of more, so many at even distances. */
export const MOST_TOLD = 1000;

/** The smallest weight of a client, which makes the largest step in virtual time: see config/client-options.ts. */
const LEAST_WEIGHT = 0.001;

/** One call of a client with weight 1, in virtual time. */
export const CALL = 1_000_000;

/** Of more places than this, only their number is sealed: reading all would take longer than a decision may. */
const MOST_SEALED = 1000;

/** ARGV of every script begins with: process, window (µs). */
export const PRELUDE = `
local process, window = ARGV[1], tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local latest = now + window + ${AHEAD_US}
local function text(number) return string.format('%.0f', number) end
-- A number in its range; nil for anything else, what is no number at all included.
local function number(value, low, high)
  local read = tonumber(value or nil)
  if read and read >= low and read <= high then return read end
end
local foreigner = false
for i, kind in ipairs({ 'zset', 'zset', 'hash', 'hash', 'hash', 'zset' }) do
  local found = redis.call('TYPE', KEYS[i]).ok
  if found ~= kind and found ~= 'none' then
    redis.call('DEL', KEYS[i])
    foreigner = true
  end
end
local function seal()
  local parts, fields = {}, redis.call('HGETALL', KEYS[3])
  for i = 1, #fields, 2 do
    if fields[i] ~= 'seal' then parts[#parts + 1] = fields[i] .. '=' .. fields[i + 1] end
  end
  table.sort(parts)
  for _, key in ipairs({ KEYS[1], KEYS[2], KEYS[6] }) do
    local size = redis.call('ZCARD', key)
    local entries = size <= ${MOST_SEALED} and redis.call('ZRANGE', key, 0, -1, 'WITHSCORES') or {}
    parts[#parts + 1] = size .. ':' .. table.concat(entries, ' ')
  end
  return redis.sha1hex(table.concat(parts, ';'))
end
-- A window that nobody has heard of has none, and nothing else either.
local sealed = redis.call('HGET', KEYS[3], 'seal')
local changed = false
-- For all that is sealed; who removes nothing changes nothing.
local function write(command, key, ...)
  local reply = redis.call(command, key, ...)
  changed = changed or reply ~= 0 or command == 'HSET' or command == 'ZADD'
  return reply
end
if foreigner or (sealed or redis.call('EXISTS', KEYS[1], KEYS[2], KEYS[3], KEYS[6]) > 0) and sealed ~= seal() then
  redis.call('DEL', KEYS[1], KEYS[2], KEYS[3], KEYS[6])
end
local function field(name, low, high)
  local value = redis.call('HGET', KEYS[3], name)
  local read = number(value, low, high)
  if value and not read then write('HDEL', KEYS[3], name) end
  return read
end
local function moment(name) return field(name, 0, latest) end
local function set(name, value) write('HSET', KEYS[3], name, text(value)) end
local function drop(...) write('HDEL', KEYS[3], ...) end
local function of(kind) return kind == 's' and KEYS[2] or KEYS[1] end
-- Never twice: a call that began without Redis may have been of the other kind here.
local function enter(kind, release, id)
  write('ZREM', kind == 's' and KEYS[1] or KEYS[2], id)
  write('ZADD', of(kind), text(release), id)
end
local function first(key)
  local entry = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')
  return tonumber(entry[2]) or math.huge
end
-- Calls of others, as many as the upstream tells of; those of one moment in one record.
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
-- Before all else: while Redis is full, it refuses a script whose first write takes memory, and no other.
local function sweep()
  local beyond = 0
  for _, key in ipairs({ KEYS[1], KEYS[2], KEYS[6] }) do
    write('ZREMRANGEBYSCORE', key, '-inf', text(now))
    beyond = beyond + write('ZREMRANGEBYSCORE', key, '(' .. text(latest), '+inf')
  end
  -- Held longer than any call may last: the clock was set back, or somebody else wrote it.
  if beyond > 0 then hold(beyond, now + window, 'beyond') end
end
sweep()
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
local function finish(reply)
  if changed then redis.call('HSET', KEYS[3], 'seal', seal()) end
  for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, ${KEEP_MS}) end
  return reply
end
local stored = redis.call('HGET', KEYS[3], 'epoch')
local epoch = number(stored, 1, now)
if not epoch then
  -- One from the future says that the clock was set back: every process tells its calls anew.
  if stored then redis.call('DEL', KEYS[1], KEYS[2], KEYS[3], KEYS[6]) end
  epoch = now
  set('epoch', epoch)
  set('quiet', now + ${GRACE_US})
  set('cold', now + ${GRACE_US})
end
`;

/** What waits where, and everything that tells how long it will. */
export const VIEW = `
local function say(line) redis.call('HSET', KEYS[4], process, text(now) .. ' ' .. line) end
-- The other processes, and what waits in each: in pairs; and those of them to which one gives way. Before it says its own.
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
local function turn(name, most, told)
  local value = told or redis.call('HGET', KEYS[5], name)
  local read = number(value, -${MOST}, ${MOST})
  if value and not read then redis.call('HDEL', KEYS[5], name) end
  return read and math.min(read, most)
end
local function virtualTime() return math.max(0, turn('now', ${MOST}) or 0) end
-- Virtual time, then pairs of client and tag.
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
-- Everything there is to know: held, the others, turns; the moments of spaced, pause, cold, quiet, probe, even; the sets as pairs of member and release, each ending with an empty string: burst, spaced, foreign; and for how many
-- places each pair of the first two stands.
local function view(reply, held, others)
  for _, value in ipairs({ held, others, turns() }) do reply[#reply + 1] = value end
  for _, name in ipairs({ 'spaced', 'pause', 'cold' }) do reply[#reply + 1] = text(moment(name) or 0) end
  reply[#reply + 1] = text(moment('quiet') or 0)
  for _, name in ipairs({ 'probe', 'even' }) do reply[#reply + 1] = text(moment(name) or 0) end
  local strides = {}
  for i, key in ipairs({ KEYS[1], KEYS[2], KEYS[6] }) do
    local size = redis.call('ZCARD', key)
    local stride = math.max(1, math.ceil(size / ${MOST_TOLD}))
    strides[i] = stride
    local entries = stride == 1 and redis.call('ZRANGE', key, 0, -1, 'WITHSCORES') or {}
    for rank = stride - 1, stride > 1 and size - 1 or -1, stride do
      local entry = redis.call('ZRANGE', key, rank, rank, 'WITHSCORES')
      entries[#entries + 1], entries[#entries + 2] = entry[1], entry[2]
    end
    for j = 1, #entries do reply[#reply + 1] = entries[j] end
    reply[#reply + 1] = ''
  end
  reply[#reply + 1], reply[#reply + 2] = strides[1], strides[2]
  return reply
end
`;
