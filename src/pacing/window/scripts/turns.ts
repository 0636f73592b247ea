/**
 * Whose turn it is, among all processes: weighted fair queueing over clients, counted in calls' worth of the window (see sizeOf
 * in window.ts); inside one client the more urgent goes first, then who has waited longer.
 */

/** Nobody gives way to a process that has not been heard of for so long, milliseconds. */
const AWAKE_MS = 1000;

export const TURNS = `
local turns = load(KEYS[2]) or { now = 0, tags = {} }
local function sizeOf(tokens)
  return ask.tokenLimit and math.max(1, (tokens or 0) * ask.limit / ask.tokenLimit) or 1
end
-- The tag of a client's next call: at most one call ahead of virtual time, and at most its credit behind. Where tokens are
-- limited, one call may be worth the whole window.
local mostAhead = ask.tokenLimit and ask.limit or 1
local function tagOf(client, weight)
  local tag = turns.tags[client] or -math.huge
  return math.max(math.min(tag, turns.now + mostAhead / weight), turns.now - ask.credit / weight)
end
-- What waits in a process that said so at a moment: how urgent the first call of each client is, and since when it waits.
local function waiting(line, at)
  local entries = {}
  for _, said in ipairs(line) do
    if said.calls > 0 then entries[#entries + 1] = { said = said, at = at } end
  end
  return entries
end
local function head(entry)
  local call = entry.said.first[1]
  return call and call.urgency or math.huge, entry.at - (call and call.waitedMs or 0)
end
local function tokensOf(entry)
  local call = entry.said.first[1]
  return call and call.tokens or 0
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
local elsewhere = {}
for name, each in pairs(log.processes) do
  if name ~= ask.process and each.at > now - ${AWAKE_MS} then
    for _, entry in ipairs(waiting(each.line, each.at)) do elsewhere[#elsewhere + 1] = entry end
  end
end
-- The first of this process's calls; how many of other processes come before it, with how many tokens; and the first of them.
local function due()
  local mine, ahead, leader, aheadTokens = nil, 0, nil, 0
  for _, entry in ipairs(waiting(me.line, now)) do
    if mine == nil or before(entry, mine) then mine = entry end
  end
  for _, entry in ipairs(elsewhere) do
    if mine ~= nil and before(entry, mine) then
      ahead, aheadTokens = ahead + entry.said.calls, aheadTokens + (entry.said.tokens or 0)
      if leader == nil or before(entry, leader) then leader = entry end
    end
  end
  return mine, ahead, leader, aheadTokens
end
-- A client's first call has its turn, and waits no longer.
local function serve(entry)
  local client, weight = entry.said.client, entry.said.weight
  local tag, tokens = tagOf(client, weight), tokensOf(entry)
  turns.now = math.max(turns.now, tag)
  turns.tags[client] = tag + sizeOf(tokens) / weight
  entry.said.calls, entry.said.tokens = entry.said.calls - 1, (entry.said.tokens or 0) - tokens
  table.remove(entry.said.first, 1)
end
`;
