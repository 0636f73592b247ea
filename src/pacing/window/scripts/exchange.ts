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

/** `gradeOf` and `nextChance` of rule.ts. */
export const RULE = `
local function gradeOf(is, tokens, now)
  if now < is.pausedUntil then return 'paused' end
  if is.held >= is.limit then return 'full' end
  if is.heldTokens + tokens > is.tokenLimit then return 'tokens' end
  if now < is.coldUntil then
    if now < is.coldNext then return 'cold' end
    return is.even and 'even' or 'probe'
  end
  if is.burst < is.burstLimit and is.burstTokens + tokens <= is.burstTokenLimit then return 'burst' end
  return now < is.nextSpaced and 'spaced' or 'space'
end
local function nextChance(is, hold, now, first, firstBurst, enoughTokens)
  if hold == 'paused' then return is.pausedUntil end
  if hold == 'full' then return first end
  if hold == 'tokens' then return enoughTokens end
  if hold == 'spaced' then return math.min(firstBurst, is.nextSpaced) end
  return math.min(is.coldNext, is.coldUntil, is.even and math.huge or now + ${POLL_MS})
end
`;

export const EXCHANGE = `${READ}${HEAR}${TURNS}${RULE}
-- What follows from the facts, by this process's own limit.
local function occupancy()
  local quiet = log.quiet or 0
  local even = log.even ~= nil
  local after = even and log.even + sizeOf(log.evenTokens) * ask.evenMs or log.probe and log.probe + ask.callTimeoutMs or 0
  return {
    limit = ask.limit, burstLimit = ask.burstLimit, held = held, burst = bursting,
    tokenLimit = ask.tokenLimit or math.huge, burstTokenLimit = ask.burstTokenLimit or math.huge,
    heldTokens = heldTokens, burstTokens = burstingTokens,
    pausedUntil = log.pause or 0,
    coldUntil = math.max(quiet, log.cold and log.cold + window or 0), coldNext = math.max(quiet, after), even = even,
    nextSpaced = log.spaced and log.spaced + sizeOf(log.spacedTokens) * ask.spacingMs or 0,
  }
end

local takenBefore = log.granted
local grants, verdict, wait = {}, nil, 0
for _ = 1, ask.wanted do
  local is = occupancy()
  local mine, ahead, leader, aheadTokens = due()
  local tokens = mine and tokensOf(mine) or 0
  -- Whose turn it is may need more tokens than there are. Others do not take what comes free meanwhile.
  local needed = math.max(tokens, leader and tokensOf(leader) or 0)
  verdict = gradeOf(is, needed, now)
  if verdict == 'burst' or verdict == 'space' or verdict == 'probe' or verdict == 'even' then
    -- While there is no room for all, whoever's turn it is goes first, and is given a moment to ask for it.
    local room, tokenRoom = 1, is.tokenLimit - heldTokens
    if verdict == 'burst' then
      room = math.min(ask.burstLimit - bursting, ask.limit - held)
      tokenRoom = math.min(is.burstTokenLimit - burstingTokens, tokenRoom)
    end
    if (ahead >= room or aheadTokens + tokens > tokenRoom) and me.gaveWay < ${TURNS_GIVEN} then
      verdict, wait = 'turn', ${TURN_MS}
      break
    end
    local spaced = verdict == 'space'
    if spaced then log.spaced, log.spacedTokens = now, tokens end
    if verdict == 'even' then log.even, log.evenTokens = now, tokens end
    if verdict == 'probe' then log.probe, log.prober = now, ask.process end
    me.permits[#me.permits + 1] = { now + ask.leaseMs, 1, spaced and 1 or 0, tokens > 0 and tokens or nil }
    held, log.granted = held + 1, log.granted + 1
    heldTokens, log.tokens = heldTokens + tokens, log.tokens + tokens
    if not spaced then bursting, burstingTokens = bursting + 1, burstingTokens + tokens end
    -- Told again when the call is over: what its answer means depends on it.
    local known = {
      spaced = spaced, probing = verdict == 'probe', epoch = log.epoch, tokens = tokens,
      held = held, granted = log.granted, heldTokens = heldTokens, grantedTokens = log.tokens,
    }
    grants[#grants + 1] = { known = known, client = mine and mine.said.client }
    if mine then serve(mine) end
  else
    local enough = verdict == 'tokens' and whenFree(heldTokens + needed - is.tokenLimit) or math.huge
    wait = nextChance(is, verdict, now, first, firstBurst, enough) - now
    if ahead > 0 and verdict ~= 'cold' then wait = wait + ${TURN_MS} end
    break
  end
end

if ask.wanted > 0 then
  -- As long as others take permits, it is right to give way to them.
  local gives = verdict == 'turn' and #grants == 0
  me.gaveWay = gives and (me.taken == takenBefore and me.gaveWay or 0) + 1 or 0
  me.taken = takenBefore
end

local reply = {
  now = now, epoch = log.epoch, held = held, heldTokens = heldTokens, grants = grants,
  reason = verdict, waitMs = math.min(wait, window),
}
local body = save(KEYS[1], log)
if #grants > 0 then save(KEYS[2], turns) end
if not ask.hears and #grants == ask.wanted then return { cjson.encode(reply) } end
return { cjson.encode(reply), body, cjson.encode(turns) }
`;
