/**
 * What processes share of a window, in Redis: two values of JSON, each behind its seal.
 *
 * The log (key 1):
 *   `epoch`     the beginning of this log by Redis' own clock, microseconds as text. The clocks of processes differ by seconds.
 *               All other moments are milliseconds since then
 *   `at`        when it was written last
 *   `processes` by name: `at` and `serial` of what it said last; `line`: what waits in it (see Line in window.ts), each with the moment
 *               at which it was said (`at`); `permits` that
 *               it holds: when they come free, how many, 1 where granted in the spaced way, and their tokens, if any;
 *               `gaveWay`: how often in a row it has given way to others, and `taken`: the permits that had been taken then
 *   `foreign`   permits of others who use the API key, as the upstream told of them, likewise, and since when
 *   `taken`     how many `calls` and `tokens` have been taken in this epoch, those of others included
 *   `pause`     until when the upstream wants to be left alone
 *   `quiet`     until when nothing is granted
 *   `spaced`    the last call that was granted in the spaced way: when (`at`), and its `tokens`
 *   `cold`      what is known of a cold window, absent when it is none: `since` when all calls are known; `probe`, when the last
 *               call was sent as its first, by the process `prober`; `even`, the last that was sent evenly spaced, as `spaced`
 *
 * Only facts are kept. What follows from them (when the next call may go, how long a cold window lasts) each process
 * derives by its own limit: an app or a release with another limit that shares the prefix decides for nobody else.
 *
 * The turns (key 2): the state of the fair queue of queue/fair-queue.ts, shared by all windows of a model: the virtual time
 * (`now`), and each client's tag (`tags`).
 */

import { versioned } from '../../../redis/keys.ts';
import { NOTICE_MS } from '../alone.ts';

/** Keys of one hash tag, so that they live on one node of a cluster. Windows of another length have keys of their own. */
export const keysOf = (
  prefix: string,
  { model, attachment, windowMs }: { model: string; attachment: string; windowMs: number },
): [log: string, turns: string] => {
  const tag = `${prefix}{${versioned('window')}:${windowMs}:${model}}`;
  return [`${tag}:${attachment}:log`, `${tag}:turns`];
};

/**
 * For how long nothing is granted in a new epoch, or when no process has been heard of for a while. Meanwhile every
 * process that lives tells what it has running: a Redis that was emptied just after a window had been used up would
 * otherwise let calls through. Three beats of a process's heart (BEAT_MS in alone.ts). Milliseconds.
 */
export const GRACE_MS = 750;

/** A process that has not been heard of for so long is gone, milliseconds. */
export const PRESENCE_MS = 5000;

/** A clock that was set back by more than this has passed all moments that were noted. Milliseconds. */
const SET_BACK_MS = 1000;

/**
 * How long an unused window is remembered, milliseconds. A window that Redis has forgotten is taken for one that was
 * lost, and starts carefully.
 */
const KEEP_MS = 7 * 24 * 3600 * 1000;

/** Calls of others who use the API key are kept in about so many records a window. */
const FOREIGN_RECORDS = 16;

/**
 * Reads what is there, and brings it up to date. What carries no seal that fits was written by somebody else: it is
 * forgotten as a whole, since a permit that is held may be missing without a trace, and a new epoch begins as after any loss.
 */
export const READ = `
-- A command that may write and needs no memory comes first: a Redis that is full refuses a script that begins otherwise.
redis.call('PEXPIRE', KEYS[1], ${KEEP_MS})
local function load(key)
  local stored = redis.pcall('GET', key)
  -- Of another type.
  if type(stored) == 'table' then redis.call('DEL', key) end
  if type(stored) ~= 'string' then return nil end
  local body = string.sub(stored, 41)
  if redis.sha1hex(body) == string.sub(stored, 1, 40) then return cjson.decode(body) end
end
local function save(key, value)
  local body = cjson.encode(value)
  redis.call('SET', key, redis.sha1hex(body) .. body, 'PX', ${KEEP_MS})
  return body
end

local ask = cjson.decode(ARGV[1])
local window = ask.windowMs
local time = redis.call('TIME')
local clock = time[1] * 1000000 + time[2]
local log = load(KEYS[1])
local now = log and (clock - tonumber(log.epoch)) / 1000
-- A clock that was set back: every process tells its permits anew.
if not log or now < log.at - ${SET_BACK_MS} then
  log = { epoch = string.format('%.0f', clock), taken = { calls = 0, tokens = 0 }, quiet = ${GRACE_MS}, processes = {}, foreign = {} }
  log.cold = { since = ${GRACE_MS} }
  now = 0
end
log.at = now
`;

/**
 * Takes what the process says for all there is to know of it: a permit that it does not name, since the reply that granted
 * it was lost or its call was not sent, is free. The other processes' are as they said last.
 */
export const HEAR = `
local known = log.processes[ask.process]
-- Its sender has given it up, and has said something else since.
if known and known.serial >= ask.serial then return {} end
local newest = -math.huge
for _, each in pairs(log.processes) do newest = math.max(newest, each.at) end
-- After so long without any word, processes may have gone on alone, and nobody knows what they sent.
if newest < now - ${NOTICE_MS} then log.quiet = now + ${GRACE_MS} end
for _, permit in ipairs(ask.permits) do permit[1] = now + permit[1] end
for _, said in ipairs(ask.line) do said.at = now end
local me = {
  at = ask.leaves and now - ${PRESENCE_MS} or now,
  serial = ask.serial,
  line = ask.line,
  permits = ask.permits,
  gaveWay = known and known.gaveWay or 0,
  taken = known and known.taken or 0,
}
log.processes[ask.process] = me

-- How much is taken of each budget: a Level of rule.ts, of which nothing is held yet.
local calls, tokens = ask.calls, ask.tokens or { limit = math.huge, burstLimit = math.huge, burst = 0, held = 0 }
local first, firstBurst = math.huge, math.huge
local function count(number, cost, spaced)
  calls.held, tokens.held = calls.held + number, tokens.held + cost
  if not spaced then calls.burst, tokens.burst = calls.burst + number, tokens.burst + cost end
end
-- Drops what has come free, and counts the rest.
local function sweep(permits)
  local rest, number, cost, spaced, spacedCost = {}, 0, 0, 0, 0
  for i = 1, #permits do
    local permit = permits[i]
    local at = permit[1]
    if at > now then
      rest[#rest + 1] = permit
      if at < first then first = at end
      if permit[3] == 1 then
        spaced, spacedCost = spaced + permit[2], spacedCost + (permit[4] or 0)
      else
        number, cost = number + permit[2], cost + (permit[4] or 0)
        if at < firstBurst then firstBurst = at end
      end
    end
  end
  count(number, cost, false)
  count(spaced, spacedCost, true)
  return rest
end

-- How the calls have ended of which the process has not told before.
if log.cold and log.cold.prober == ask.process and not ask.probing then log.cold.probe, log.cold.prober = nil, nil end
-- What the upstream counts more than we can have made: somebody else uses the key. See excessOf in amount.ts.
local function excess(level, left, held, takenSince)
  return left and math.max(0, math.min(level.limit, level.limit - left - held - takenSince)) or 0
end
local taken = log.taken
local function take(number, cost)
  taken.calls, taken.tokens = taken.calls + number, taken.tokens + cost
end
-- Held for a window from now. Another answer may tell of the very same.
local function hold(number, cost)
  local last = log.foreign[#log.foreign]
  if last and now - last[5] < window / ${FOREIGN_RECORDS} then
    last[1], last[2], last[4] = now + window, last[2] + number, last[4] + cost
  else
    log.foreign[#log.foreign + 1] = { now + window, number, 0, cost, now }
  end
  take(number, cost)
end
for _, ended in ipairs(ask.ended) do
  local outcome, same = ended.outcome, ended.epoch == log.epoch
  if not outcome then
    if ended.spaced then log.spaced = nil end
  else
    local left, tokensLeft, pause = outcome.remaining, ask.tokens and outcome.remainingTokens, outcome.pauseMs or 0
    local cost = outcome.tokens or ended.tokens
    if pause > 0 then log.pause = math.max(log.pause or 0, now + pause) end
    if same then
      -- What the call has cost is known now. It was held with it, and is among all that was taken.
      take(0, cost - ended.tokens)
      local number = excess(calls, left, ended.held.calls, taken.calls - ended.taken.calls)
      local more = excess(tokens, tokensLeft, ended.held.tokens, taken.tokens - ended.taken.tokens)
      if number + more > 0 then hold(number, more) end
    end
    if same and left and (tokensLeft or not ask.tokens) then
      log.cold = nil
    elseif pause > 0 then
      -- It counts more than this log does, and does not say how much: after its pause, one call goes first.
      log.cold = { since = now + pause }
    elseif same and log.cold and ended.probing and outcome.answered then
      log.cold.even = { at = now, tokens = cost }
    end
  end
end

for name, each in pairs(log.processes) do
  each.permits = sweep(each.permits)
  if #each.permits == 0 and each.at < now - ${PRESENCE_MS} then log.processes[name] = nil end
end
log.foreign = sweep(log.foreign)
-- When so many tokens have come free.
local function whenFree(needed)
  local all, free = {}, 0
  for _, each in pairs(log.processes) do
    for _, permit in ipairs(each.permits) do all[#all + 1] = permit end
  end
  for _, permit in ipairs(log.foreign) do all[#all + 1] = permit end
  table.sort(all, function(a, b) return a[1] < b[1] end)
  for _, permit in ipairs(all) do
    free = free + (permit[4] or 0)
    if free >= needed then return permit[1] end
  end
  return math.huge
end
`;
