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
-- What one client has waiting in a process that said so at a moment: how urgent its first call is, since when it waits, and
-- what it asks for.
local function head(entry)
  local call = entry.said.first[1] or { urgency = math.huge, waitedMs = 0 }
  return call.urgency, entry.at - call.waitedMs, call.tokens or 0
end
local function costOf(entry)
  local _, _, cost = head(entry)
  return cost
end
local function before(a, b)
  local turnOfA, turnOfB = tagOf(a.said.client, a.said.weight), tagOf(b.said.client, b.said.weight)
  if turnOfA ~= turnOfB then return turnOfA < turnOfB end
  if a.said.client ~= b.said.client then return a.said.client < b.said.client end
  local urgencyOfA, sinceA = head(a)
  local urgencyOfB, sinceB = head(b)
  if urgencyOfA ~= urgencyOfB then return urgencyOfA < urgencyOfB end
  return sinceA < sinceB
end
local mine, theirs = {}, {}
for name, each in pairs(log.processes) do
  local entries = each == me and mine or theirs
  for _, said in ipairs(each.at > now - ${AWAKE_MS} and each.line or {}) do
    entries[#entries + 1] = { said = said, at = each.at }
  end
end
-- The first of this process's calls; how many of other processes come before it, with how many tokens; and the first of them.
local function due()
  local own, ahead, leader = nil, { calls = 0, tokens = 0 }, nil
  for _, entry in ipairs(mine) do
    if entry.said.calls > 0 and (own == nil or before(entry, own)) then own = entry end
  end
  for _, entry in ipairs(theirs) do
    if own ~= nil and entry.said.calls > 0 and before(entry, own) then
      ahead.calls, ahead.tokens = ahead.calls + entry.said.calls, ahead.tokens + (entry.said.tokens or 0)
      if leader == nil or before(entry, leader) then leader = entry end
    end
  end
  return own, ahead, leader
end
-- A client's first call has its turn, and waits no longer.
local function serve(entry)
  local said, cost = entry.said, costOf(entry)
  local tag = tagOf(said.client, said.weight)
  turns.now = math.max(turns.now, tag)
  turns.tags[said.client] = tag + sizeOf(cost) / said.weight
  said.calls, said.tokens = said.calls - 1, (said.tokens or 0) - cost
  table.remove(said.first, 1)
end
`;
