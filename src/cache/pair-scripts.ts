/**
 * What is known of one question, and who is having what of it scored, in Redis. Rows and digests are those of
 * pairs.ts and calls/digests.ts, as bytes: 32 a row, of which the first 16 are the digest.
 *
 * KEYS of both scripts, with one hash tag so that they live on one node of a cluster:
 *   1 `…pairs3:{question}`   string: rows, the oldest first
 *   2 `…claims3:{question}`  hash: claim → digests that its owner is having scored
 *
 * One string and not a hash with a field for each pair, though all of it is read for any part of it. Measured with Redis 7
 * for 1,000 pairs: 33 bytes a pair against 64, and a fourteenth of the time to read them all; for 10 pairs 43 bytes against
 * 37, and two thirds of the time. A question has some hundred pairs, and a bound.
 */

import { DIGEST_BYTES } from '../calls/digests.ts';
import { MAX_PAIRS, ROW_BYTES } from './pairs.ts';

/** The longest string of rows; what is longer was written by somebody else. */
export const MAX_BYTES = MAX_PAIRS * ROW_BYTES;

const KNOWN = `redis.call('GETRANGE', KEYS[1], 0, ${MAX_BYTES - 1})`;

/** What somebody else has left under these keys goes, or nothing would ever be kept there. */
const OURS = `
for i, type in ipairs({ 'string', 'hash' }) do
  local found = redis.call('TYPE', KEYS[i]).ok
  if found ~= type and found ~= 'none' then redis.call('DEL', KEYS[i]) end
end
`;

/** Claims of one question, and digests in one claim, are never more; and all of them no more than can be kept. */
const MOST_CLAIMS = 1000;
const MOST_DIGESTS = 1000;

/** A clean end is told to everybody who waits for it. */
const END = `
local function done(claim, channel)
  redis.call('HDEL', KEYS[2], claim)
  -- Whoever may not speak has scored it all the same; who waits hears nothing of the claim any more.
  redis.pcall('PUBLISH', channel, 'over ' .. claim)
end
`;

/**
 * ARGV: rows, TTL (ms), the oldest and the latest moment that are of use (epoch ms), claim ('' for none), channel. A pair
 * that is there already is replaced, and a pair that is too old goes: it neither dies with the newer ones nor is renewed by
 * them.
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
 * ARGV: claim, time after which it is forgotten if nobody ends it (ms), digests, claims that do not count any more.
 * Reply: the rows known, then for each digest the claim that holds it, or an empty string: it is this one's now.
 */
export const CLAIM = `${OURS}
local claim, digests = ARGV[1], ARGV[3]
for i = 4, #ARGV do redis.call('HDEL', KEYS[2], ARGV[i]) end
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
local reply, taken = { ${KNOWN} }, {}
for at = 1, #digests, ${DIGEST_BYTES} do
  local digest = string.sub(digests, at, at + ${DIGEST_BYTES - 1})
  if not holder[digest] then taken[#taken + 1] = digest end
  reply[#reply + 1] = holder[digest] or ''
end
if #taken > 0 then
  redis.call('HSET', KEYS[2], claim, table.concat(taken))
  redis.call('PEXPIRE', KEYS[2], ARGV[2])
end
return reply
`;
