/**
 * Whose turn it is, among all processes: weighted fair queueing over clients, counted in calls' worth of the window (see sizeOf
 * in window.ts); inside one client the more urgent goes first, then who has waited longer.
 */

/** Nobody gives way to a process that has not been heard of for so long, milliseconds. */
const AWAKE_MS = 1000;

export const TURNS = `
local turns = load(KEYS[2]) or { now = 0, tags = {} }
local function sizeOf(cost)
  return math.max(1, (cost or 0) * calls.limit / tokens.limit)
end
-- The tag of a client's next call: at most one call ahead of virtual time, and at most its credit behind. Where tokens are
-- limited, one call may be worth the whole window.
local mostAhead = ask.tokens and calls.limit or 1
local function tagOf(client, weight)
  local tag = turns.tags[client] or -math.huge
  return math.max(math.min(tag, turns.now + mostAhead / weight), turns.now - ask.credit / weight)
end
-- Of the first call that a client has waiting in one process: how urgent it is, and since when it waits; what it asks for.
local function head(said)
  local call = said.first[1] or { urgency = math.huge, waitedMs = 0 }
  return call.urgency, said.at - call.waitedMs
end
local function costOf(said)
  return said.first[1] and said.first[1].tokens or 0
end
local function before(a, b)
  local turnOfA, turnOfB = tagOf(a.client, a.weight), tagOf(b.client, b.weight)
  if turnOfA ~= turnOfB then return turnOfA < turnOfB end
  if a.client ~= b.client then return a.client < b.client end
  local urgencyOfA, sinceA = head(a)
  local urgencyOfB, sinceB = head(b)
  if urgencyOfA ~= urgencyOfB then return urgencyOfA < urgencyOfB end
  return sinceA < sinceB
end
local theirs = {}
for name, each in pairs(log.processes) do
  if each ~= me and each.at > now - ${AWAKE_MS} then
    for _, said in ipairs(each.line) do theirs[#theirs + 1] = said end
  end
end
-- The first of this process's calls; how many of other processes come before it, with how many tokens; and the first of them.
local function due()
  local own, ahead, leader = nil, { calls = 0, tokens = 0 }, nil
  for _, said in ipairs(me.line) do
    if said.calls > 0 and (own == nil or before(said, own)) then own = said end
  end
  for _, said in ipairs(theirs) do
    if own ~= nil and said.calls > 0 and before(said, own) then
      ahead.calls, ahead.tokens = ahead.calls + said.calls, ahead.tokens + (said.tokens or 0)
      if leader == nil or before(said, leader) then leader = said end
    end
  end
  return own, ahead, leader
end
-- A client's first call has its turn, and waits no longer.
local function serve(said)
  local tag, cost = tagOf(said.client, said.weight), costOf(said)
  turns.now = math.max(turns.now, tag)
  turns.tags[said.client] = tag + sizeOf(cost) / said.weight
  said.calls, said.tokens = said.calls - 1, (said.tokens or 0) - cost
  table.remove(said.first, 1)
end
`;
