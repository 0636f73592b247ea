/**
 * Whose turn it is, among all processes: weighted fair queueing over clients, counted in calls; inside one client the more
 * urgent goes first, then who has waited longer.
 */

/** Nobody gives way to a process that has not been heard of for so long, milliseconds. */
const AWAKE_MS = 1000;

export const TURNS = `
local turns = load(KEYS[2]) or { now = 0, tags = {} }
-- The tag of a client's next call: at most one call ahead of virtual time, and at most its credit behind.
local function tagOf(client, weight)
  local tag = turns.tags[client] or -math.huge
  return math.max(math.min(tag, turns.now + 1 / weight), turns.now - ask.credit / weight)
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
-- The first of this process's calls, and how many of other processes come before it.
local function due()
  local mine, ahead = nil, 0
  for _, entry in ipairs(waiting(me.line, now)) do
    if mine == nil or before(entry, mine) then mine = entry end
  end
  for _, entry in ipairs(elsewhere) do
    if mine ~= nil and before(entry, mine) then ahead = ahead + entry.said.calls end
  end
  return mine, ahead
end
-- A client's first call has its turn, and waits no longer.
local function serve(entry)
  local client, weight = entry.said.client, entry.said.weight
  local tag = tagOf(client, weight)
  turns.now = math.max(turns.now, tag)
  turns.tags[client] = tag + 1 / weight
  entry.said.calls = entry.said.calls - 1
  table.remove(entry.said.first, 1)
end
`;
