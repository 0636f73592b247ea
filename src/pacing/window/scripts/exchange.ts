/**
 * The one script of a window: a process tells how things are with it, asks for permits, and hears how things are with all.
 *
 * ARGV: what it asks, as JSON: see Ask in redis-window.ts.
 * Reply, as JSON (see reply.ts): what became of it; and, if it hears or must wait, the log and the turns. Nothing when it came
 * too late.
 */

import { POLL_MS } from '../rule.ts';
import { HEAR, READ } from './state.ts';
import { TURNS } from './turns.ts';

/** How soon one that gave way to another process asks again, milliseconds. */
const TURN_MS = 25;

/** How often in a row one gives way. A process that sleeps is not waited for any longer. */
const TURNS_GIVEN = 3;

/** `gradeOf`, `roomIn` and `nextChance` of rule.ts. */
export const RULE = `
local function gradeOf(is, cost, now)
  local calls, tokens, cold = is.calls, is.tokens, is.cold
  if now < is.pausedUntil then return 'paused' end
  if calls.held >= calls.limit then return 'full' end
  if tokens.held + cost > tokens.limit then return 'tokens' end
  if now < cold['until'] then
    if now < cold.next then return 'cold' end
    return cold.even and 'even' or 'probe'
  end
  if calls.burst < calls.burstLimit and tokens.burst + cost <= tokens.burstLimit then return 'burst' end
  return now < is.nextSpaced and 'spaced' or 'space'
end
local function roomIn(level)
  return math.max(0, math.min(level.burstLimit - level.burst, level.limit - level.held))
end
local function nextChance(is, hold, now, free)
  local cold = is.cold
  if hold == 'paused' then return is.pausedUntil end
  if hold == 'full' then return free.any end
  if hold == 'tokens' then return free.tokens end
  if hold == 'spaced' then return math.min(free.burst, is.nextSpaced) end
  return math.min(cold.next, cold['until'], cold.even and math.huge or now + ${POLL_MS})
end
`;

export const EXCHANGE = `${READ}${HEAR}${TURNS}${RULE}
-- What follows from the facts, by this process's own limit.
local function occupancy()
  local quiet, cold, spaced = log.quiet or 0, log.cold or {}, log.spaced
  local next = cold.probe and cold.probe + ask.callTimeoutMs or 0
  if cold.even then next = cold.even.at + sizeOf(cold.even.tokens) * ask.evenMs end
  return {
    calls = calls, tokens = tokens, pausedUntil = log.pause or 0,
    nextSpaced = spaced and spaced.at + sizeOf(spaced.tokens) * ask.spacingMs or 0,
    cold = {
      ['until'] = math.max(quiet, cold.since and cold.since + window or 0), next = math.max(quiet, next), even = cold.even ~= nil,
    },
  }
end

local takenBefore = taken.calls
local grants, verdict, wait = {}, nil, 0
for _ = 1, ask.wanted do
  local is = occupancy()
  local own, ahead, leader = due()
  local cost = own and costOf(own) or 0
  -- Whose turn it is may need more tokens than there are. Others do not take what comes free meanwhile.
  local needed = math.max(cost, leader and costOf(leader) or 0)
  verdict = gradeOf(is, needed, now)
  if verdict == 'burst' or verdict == 'space' or verdict == 'probe' or verdict == 'even' then
    -- While there is no room for all, whoever's turn it is goes first, and is given a moment to ask for it.
    local room, tokenRoom = 1, tokens.limit - tokens.held
    if verdict == 'burst' then room, tokenRoom = roomIn(calls), roomIn(tokens) end
    if (ahead.calls >= room or ahead.tokens + cost > tokenRoom) and me.gaveWay < ${TURNS_GIVEN} then
      verdict, wait = 'turn', ${TURN_MS}
      break
    end
    local spaced = verdict == 'space'
    if spaced then log.spaced = { at = now, tokens = cost } end
    if verdict == 'even' then log.cold.even = { at = now, tokens = cost } end
    if verdict == 'probe' then log.cold.probe, log.cold.prober = now, ask.process end
    me.permits[#me.permits + 1] = { now + window + ask.callTimeoutMs, 1, spaced and 1 or 0, cost > 0 and cost or nil }
    count(1, cost, spaced)
    take(1, cost)
    -- Told again when the call is over: what its answer means depends on it.
    grants[#grants + 1] = {
      client = own and own.client, tokens = cost, spaced = spaced, probing = verdict == 'probe', epoch = log.epoch,
      held = { calls = calls.held, tokens = tokens.held }, taken = { calls = taken.calls, tokens = taken.tokens },
    }
    if own then serve(own) end
  else
    local free = { any = first, burst = firstBurst }
    if verdict == 'tokens' then free.tokens = whenFree(tokens.held + needed - tokens.limit) end
    wait = nextChance(is, verdict, now, free) - now
    if ahead.calls > 0 and verdict ~= 'cold' then wait = wait + ${TURN_MS} end
    break
  end
end

if ask.wanted > 0 then
  -- As long as others take permits, it is right to give way to them.
  local gives = verdict == 'turn' and #grants == 0
  me.gaveWay = gives and (me.taken == takenBefore and me.gaveWay or 0) + 1 or 0
  me.taken = takenBefore
end

local is = occupancy()
local reply = {
  epoch = log.epoch, held = { calls = calls.held, tokens = tokens.held }, grants = grants,
  blocked = { retryInMs = math.min(wait, window), reason = verdict },
  nextSpaced = is.nextSpaced, pausedUntil = is.pausedUntil, cold = is.cold,
}
local body = save(KEYS[1], log)
if #grants > 0 then save(KEYS[2], turns) end
if not ask.hears and #grants == ask.wanted then return { cjson.encode(reply) } end
return { cjson.encode(reply), body, cjson.encode(turns) }
`;
