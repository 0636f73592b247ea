/**
 * The known pairs of one question in Redis, and the claims on its other pairs. Rows and digests are those of pairs.ts and
 * calls/digests.ts, as bytes: 32 a row, of which the first 16 are the digest.
 *
 * KEYS of both scripts, with one hash tag so that they live on one node of a cluster:
 *   1 `…pairs3:{question}`   string: rows, the oldest first
 *   2 `…claims4:{question}`  hash: claim → digests of the documents that its owner is having scored
 *
 * One string and not a hash with a field for each pair, though all of it is read for any part of it. Measured with Redis 7
 * for 1,000 pairs: 33 bytes a pair against 64, and a fourteenth of the time to read them all; for 10 pairs 43 bytes against
 * 37, and two thirds of the time. A question has some hundred pairs, and a bound.
 */

import { DIGEST_BYTES } from '../calls/digests.ts';
import { MAX_PAIRS, ROW_BYTES } from './pairs.ts';

/** The longest string of rows; a longer one was written by another program. */
export const MAX_BYTES = MAX_PAIRS * ROW_BYTES;

const KNOWN = `redis.call('GETRANGE', KEYS[1], 0, ${MAX_BYTES - 1})`;

/** Deletes keys of another type, which another program has left: nothing could be stored there otherwise. */
const OURS = `
for i, type in ipairs({ 'string', 'hash' }) do
  local found = redis.call('TYPE', KEYS[i]).ok
  if found ~= type and found ~= 'none' then redis.call('DEL', KEYS[i]) end
end
`;

/** The most claims of one question, and digests in one claim; all digests together are at most `MAX_PAIRS`. */
const MOST_CLAIMS = 1000;
const MOST_DIGESTS = 1000;

/** Before the name of a claim: a field that says that other processes wait for its end. */
const AWAITED = '?';

/** Ends a claim, and publishes that if processes wait for it, or if Redis has lost it and cannot tell. */
const END = `
local function done(claim, channel)
  local kept = redis.call('HDEL', KEYS[2], claim)
  local awaited = redis.call('HDEL', KEYS[2], '${AWAITED}' .. claim)
  if kept == 1 and awaited == 0 then return end
  -- A user without the right to publish must still be able to end a claim: others then notice that it is no longer named.
  redis.pcall('PUBLISH', channel, 'over ' .. claim)
end
`;

/**
 * ARGV: rows, TTL (ms), the oldest and the latest time of a usable row (epoch ms), claim ('' for none), channel. A pair that
 * is there already is replaced, and rows outside these times are removed: every write renews the key's TTL, which would keep
 * them for ever.
 */
export const WRITE = `${OURS}${END}
local rows, oldest, latest = ARGV[1], tonumber(ARGV[3]), tonumber(ARGV[4])
local known = ${KNOWN}
local replaced, kept = {}, {}
for at = 1, #rows, ${ROW_BYTES} do replaced[string.sub(rows, at, at + ${DIGEST_BYTES - 1})] = true end
for at = 1, #known - ${ROW_BYTES - 1}, ${ROW_BYTES} do
  local row = string.sub(known, at, at + ${ROW_BYTES - 1})
  local moment = struct.unpack('<d', row, ${ROW_BYTES - 7})
  if not replaced[string.sub(row, 1, ${DIGEST_BYTES})] and moment >= oldest and moment <= latest then
    kept[#kept + 1] = row
  end
end
kept[#kept + 1] = rows
local all = table.concat(kept)
redis.call('SET', KEYS[1], string.sub(all, -${MAX_BYTES}), 'PX', ARGV[2])
if ARGV[5] ~= '' then done(ARGV[5], ARGV[6]) end
return 1
`;

/** ARGV: claim, channel. */
export const RELEASE = `${OURS}${END}
done(ARGV[1], ARGV[2])
return 1
`;

/**
 * ARGV: `read` (if any rows are known, they are all that is wanted) or `claim`, the claim, time after which it expires if it is
 * not ended (ms), digests, claims that have ended.
 * Reply: the known rows, then for each digest the claim of another call that holds it, or an empty string when the new claim
 * holds it now.
 */
export const CLAIM = `${OURS}
local known = ${KNOWN}
if ARGV[1] == 'read' and known ~= '' then return { known } end
local claim, digests = ARGV[2], ARGV[4]
for i = 5, #ARGV do redis.call('HDEL', KEYS[2], ARGV[i], '${AWAITED}' .. ARGV[i]) end
local holder = {}
if redis.call('HLEN', KEYS[2]) > ${MOST_CLAIMS} then redis.call('UNLINK', KEYS[2]) end
local bytes = 0
for _, name in ipairs(redis.call('HKEYS', KEYS[2])) do
  local size = redis.call('HSTRLEN', KEYS[2], name)
  bytes = bytes + size
  if size > ${MOST_DIGESTS * DIGEST_BYTES} or size % ${DIGEST_BYTES} ~= 0 or bytes > ${MAX_PAIRS * DIGEST_BYTES} or #name > 64 then
    redis.call('HDEL', KEYS[2], name)
    bytes = bytes - size
  else
    local theirs = redis.call('HGET', KEYS[2], name)
    for at = 1, size, ${DIGEST_BYTES} do holder[string.sub(theirs, at, at + ${DIGEST_BYTES - 1})] = name end
  end
end
local reply, taken, awaited = { known }, {}, {}
for at = 1, #digests, ${DIGEST_BYTES} do
  local digest = string.sub(digests, at, at + ${DIGEST_BYTES - 1})
  local name = holder[digest]
  if name then awaited[name] = true else taken[#taken + 1] = digest end
  reply[#reply + 1] = name or ''
end
for name in pairs(awaited) do redis.call('HSET', KEYS[2], '${AWAITED}' .. name, '') end
if #taken > 0 then
  redis.call('HSET', KEYS[2], claim, table.concat(taken))
  redis.call('PEXPIRE', KEYS[2], ARGV[3])
end
return reply
`;
