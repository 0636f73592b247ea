import { CALL } from './prelude/turns.ts';
import { FLEET_VIEW, PRELUDE } from './prelude.ts';

/** How soon one that gave way to another process asks again, microseconds. */
const TURN_US = 25_000;

/** How often in a row one gives way. A process that sleeps is not waited for any longer. */
const TURNS = 3;

/** How soon to look again whether a cold window's first call has been answered, microseconds. */
const COLD_POLL_US = 100_000;

/** No process of ours says that more calls wait in it. */
const MOST_CALLS = 1_000_000;

/**
 * ARGV: process, window, limit, burst, spacing, lease, callTimeout (µs), credit (in virtual time), epoch, how often in a
 * row it has given way, line; then the ids of the calls that want places.
 * Reply: what became of them ('+': some were granted; '?': another epoch; else the reason of the wait), now, wait, epoch,
 * places held and granted before; when some were granted, the others and turns, and for each the set ('b' or 's'), whether
 * it goes first, and the client whose turn it was; else the view.
 */
export const ADMIT = `${PRELUDE}${FLEET_VIEW}
local limit, burst, spacing = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local lease, callTimeout, credit = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
local gaveWay, line = tonumber(ARGV[10]), ARGV[11]

local others, awake = listen()
say(line)
local bursting = redis.call('ZCARD', KEYS[1]) + foreign()
local held = bursting + redis.call('ZCARD', KEYS[2])
local granted = field('granted', 0, 2 ^ 53) or 0
if ARGV[9] ~= text(epoch) then
  return finish(view({ '?', text(now), '0', text(epoch), held, granted }, held, others))
end

local virtual, tags = virtualTime(), {}
-- The tag of a client's next call: at most one call ahead of virtual time, and at most its credit behind.
local function tagOf(client, weight)
  tags[client] = tags[client] or turn('of:' .. client, 2 ^ 53) or -math.huge
  return math.max(math.min(tags[client], virtual + ${CALL} / weight), virtual - credit / weight)
end
-- Reads how urgent the first call of a client is, and since when it has waited; what is left of the text tells of the next.
local function behead(entry)
  local urgency, waited, rest = string.match(entry.heads, '^(%-?%d+):(%d+),?(.*)$')
  entry.urgency = number(urgency, -1, 7) or math.huge
  entry.since = entry.at - (number(waited, 0, now) or 0)
  entry.rest = rest or ''
end
-- What waits in a process that said so at a moment: an entry for each client, see line.ts.
local function read(line, at)
  local entries = {}
  for said in string.gmatch(line, '[^;]+') do
    local client, weight, calls, arrived, heads = string.match(said, '^([^ ]*) ([^ ]+) (%d+) (%d+) (.*)$')
    weight, calls = number(weight, 0.0001, 1000000), number(calls, 0, ${MOST_CALLS})
    if weight and calls then
      local entry = { client = client, weight = weight, calls = calls, arrived = arrived, heads = heads, at = at }
      behead(entry)
      entries[#entries + 1] = entry
    end
  end
  return entries
end
-- By turn of the client; inside one client the more urgent first, then who has waited longer.
local function before(a, b)
  local turnOfA, turnOfB = tagOf(a.client, a.weight), tagOf(b.client, b.weight)
  if turnOfA ~= turnOfB then return turnOfA < turnOfB end
  if a.client ~= b.client then return a.client < b.client end
  if a.urgency ~= b.urgency then return a.urgency < b.urgency end
  return a.since < b.since
end
local own, elsewhere, mine = read(line, now), {}, nil
for _, other in ipairs(awake) do
  for _, entry in ipairs(read(other.line, other.at)) do elsewhere[#elsewhere + 1] = entry end
end
-- Calls of other processes whose turn comes before that of this one's first.
local function ahead()
  local calls = 0
  mine = nil
  for _, entry in ipairs(own) do
    if entry.calls > 0 and (mine == nil or before(entry, mine)) then mine = entry end
  end
  for _, entry in ipairs(elsewhere) do
    if mine ~= nil and entry.calls > 0 and before(entry, mine) then calls = calls + entry.calls end
  end
  return calls
end

local pause, quiet, cold = moment('pause') or 0, moment('quiet') or 0, (moment('cold') or -window) + window
-- When the next call may go, by this process's own limit.
local function after(name, wait)
  local last = moment(name)
  return last and last + wait
end
local nextSpaced, probe = after('spaced', spacing) or 0, after('probe', callTimeout) or 0
local even = after('even', window / limit)
local function grade()
  if now < pause then return 'paused', pause - now end
  if held >= limit then return 'full', math.min(first(KEYS[1]), first(KEYS[2]), first(KEYS[6])) - now end
  if now < quiet then return 'cold', quiet - now end
  if now < cold then
    if even then
      if now < even then return 'cold', even - now end
    elseif now < probe then return 'cold', math.min(${COLD_POLL_US}, probe - now) end
    return 'b'
  end
  if bursting < burst then return 'b' end
  if now < nextSpaced then return 'spaced', math.min(first(KEYS[1]), first(KEYS[6]), nextSpaced) - now end
  return 's'
end

local grants, verdict, wait = {}, nil, 0
for i = 12, #ARGV do
  verdict, wait = grade()
  local granting, passed = verdict == 'b' or verdict == 's', ahead()
  local room = verdict == 'b' and now >= cold and math.min(burst - bursting, limit - held) or 1
  -- While there is no room for all, whoever's turn it is goes first, and is given a moment to ask for it.
  if granting and passed >= room and gaveWay < ${TURNS} then
    granting, verdict, wait = false, 'turn', ${TURN_US}
  elseif not granting and passed > 0 and verdict ~= 'cold' then
    wait = wait + ${TURN_US}
  end
  if not granting then break end
  local probing = now < cold and not even
  if now < cold then
    if even then
      even = now + window / limit
      set('even', now)
    else
      probe = now + callTimeout
      set('probe', now)
    end
  elseif verdict == 's' and spacing > 0 then
    nextSpaced = now + spacing
    set('spaced', now)
  end
  write('ZADD', of(verdict), text(now + lease), ARGV[i])
  held = held + 1
  if verdict == 'b' then bursting = bursting + 1 end
  grants[#grants + 1] = verdict
  grants[#grants + 1] = probing and '1' or '0'
  grants[#grants + 1] = mine and mine.client or ''
  if mine then
    local tag = tagOf(mine.client, mine.weight)
    virtual = math.max(virtual, tag)
    tags[mine.client] = tag + ${CALL} / mine.weight
    redis.call('HSET', KEYS[5], 'now', text(virtual), 'of:' .. mine.client, text(tags[mine.client]))
    mine.calls, mine.heads = mine.calls - 1, mine.rest
    behead(mine)
  end
end

local count = #grants / 3
local reply = { verdict, text(now), text(math.min(wait or 0, window)), text(epoch), held - count, granted }
if count == 0 then return finish(view(reply, held, others)) end
set('granted', granted + count)
local rest = {}
for i, entry in ipairs(own) do
  rest[i] = table.concat({ entry.client, entry.weight, entry.calls, entry.arrived, entry.heads }, ' ')
end
say(table.concat(rest, ';'))
reply[1], reply[7], reply[8] = '+', others, turns()
for i = 1, #grants do reply[#reply + 1] = grants[i] end
return finish(reply)
`;
